"""Object stores: a directory of YAML files, and the memory of a simulation."""
