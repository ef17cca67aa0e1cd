"""What least squares with a prediction linear in its parameters is made of: columns, triangles, refinement."""
