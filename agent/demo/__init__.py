"""Three clusters on one machine, to see what happens when things break."""
