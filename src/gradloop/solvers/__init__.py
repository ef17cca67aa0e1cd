"""5. Training: the ways of finding parameters. Each gets a problem and returns what it found and its record."""
