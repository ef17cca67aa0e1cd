"""The version of gradloop."""

__version__ = "0.3.0"
