"""gradloop beside its rivals, on the same problems, in one run: `python -m benchmarks.run`."""
