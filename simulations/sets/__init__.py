"""The experiments with signed endpoint sets, and the fleets that they run in."""
