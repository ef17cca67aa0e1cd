"""The version of gradloop."""

__version__ = "0.1.0"
