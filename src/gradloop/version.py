"""The version of gradloop."""

__version__ = "0.2.0"
