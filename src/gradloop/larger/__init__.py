"""Fits to data that need not fit into memory: least squares in one pass, all else over numbers encoded on disk."""
