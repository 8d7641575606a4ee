"""How fast the course trains against its peers, and what a batch costs.

`python -m benchmarks` prints the first table, `python -m benchmarks.batches` the second.
"""
