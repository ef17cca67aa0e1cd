"""Tracing and derivatives: a plain NumPy function of one example becomes a graph, and a graph its gradient."""
