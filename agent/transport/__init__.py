"""Sockets: what moves the wire's datagrams and streams, under trio."""
