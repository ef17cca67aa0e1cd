"""gradloop in a shell: fit, predict, evaluate, show, explain."""

from gradloop.cli.app import main

__all__ = ["main"]
