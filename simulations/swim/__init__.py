"""The experiments with the failure detector, a module each or for a few that belong together."""
