"""Experiments with real agents: processes, sockets and files of this machine, by the real clock.

Nothing is simulated here but the world around: nodes, relays, other members. So the figures depend
on the machine and on what else it does, and no two runs are equal.
"""
