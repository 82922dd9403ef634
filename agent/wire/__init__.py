"""What stands on the wire between agents: sealed datagrams and streams, without I/O."""
