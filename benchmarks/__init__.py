"""How fast the course trains, against its peers; `python -m benchmarks` prints the table."""
