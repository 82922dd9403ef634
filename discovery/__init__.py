"""Who serves what: sets signed by their origin, spread and merged, without I/O."""
