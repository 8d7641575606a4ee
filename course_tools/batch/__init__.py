"""Many notebook runs: papermill inside, worker processes or Dask around it."""
