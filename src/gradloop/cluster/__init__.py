"""Fits on a cluster of Dask: every pass over the rows is made where the rows are, and its sums are added in a tree."""
