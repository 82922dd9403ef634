"""The experiments, a module each or for a few that belong together."""
