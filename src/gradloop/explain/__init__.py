"""One step of training with all its numbers: rows, values, derivatives beside numeric ones, and the update."""
