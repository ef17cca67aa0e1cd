"""Where rows come from: files, folders, data frames, databases, all behind one small face."""

from gradloop.data.sources.opening import open_source
from gradloop.data.sources.source import Source, read_table
from gradloop.data.sources.sql import sql

__all__ = ["Source", "open_source", "read_table", "sql"]
