"""Run with: python -m gradloop.cli."""

from gradloop.cli import main

main()
