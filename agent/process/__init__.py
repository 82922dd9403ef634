"""The running agent: trio, the clock, entropy, logs; and nothing that decides."""
