"""A deterministic world in which the protocols live through faults by the thousand."""
