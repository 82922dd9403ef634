"""Who is alive: membership and failure detection, without I/O."""
