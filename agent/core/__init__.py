"""The agent as one machine without I/O: pools, duties, lease, sources, drivers."""
