"""Data on its way into training: tables and arrays are read, checked, explained and turned into numbers."""

from typing import TYPE_CHECKING

from gradloop.data.arrays import check_features, check_target
from gradloop.data.csv import read_csv, write_csv
from gradloop.data.missing import Rules
from gradloop.data.preparation import Preparation
from gradloop.data.sources import Source, open_source, read_table, sql
from gradloop.data.split import holdout_split
from gradloop.data.table import Table, as_table
from gradloop.later import asked_for

if TYPE_CHECKING:
    from gradloop.data import synthetic
    from gradloop.data.synthetic import synthetic_data

__all__ = [
    "Preparation",
    "Rules",
    "Source",
    "Table",
    "as_table",
    "check_features",
    "check_target",
    "holdout_split",
    "open_source",
    "read_csv",
    "read_table",
    "sql",
    "synthetic",
    "synthetic_data",
    "write_csv",
]

_PLACES = {"synthetic": "gradloop.data.synthetic", "synthetic_data": "gradloop.data.synthetic:synthetic_data"}
__getattr__ = asked_for("gradloop.data", _PLACES)
