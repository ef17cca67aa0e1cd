"""What fitting a law is made of: residuals and their slopes, starts, a search from each of them."""
