"""Data on its way into training: tables and arrays are read, checked, explained and turned into numbers."""

from gradloop.data.arrays import check_features, check_target
from gradloop.data.csv import read_csv, write_csv
from gradloop.data.preparation import Preparation
from gradloop.data.split import holdout_split
from gradloop.data.synthetic import synthetic_data
from gradloop.data.table import Table, as_table

__all__ = [
    "Preparation",
    "Table",
    "as_table",
    "check_features",
    "check_target",
    "holdout_split",
    "read_csv",
    "synthetic_data",
    "write_csv",
]
