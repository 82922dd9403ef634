"""The process: everything that touches clocks, sockets, files and people."""
