"""Where the local port is: the address in the settings, and the socket that is bound to it.

`HOST:PORT` (loopback, unless the operator says otherwise) or `unix:PATH`. A socket is bound before
anything else is started, so that a port in use is one clear error and no half of an agent.
"""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from ipaddress import ip_address
from pathlib import Path

UNIX = "unix:"
BACKLOG = 64


class ListenError(Exception):
    """The local port cannot be had; the words say what, where and what to do."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen."""

    host: str = ""
    port: int = 0
    """0: any that is free."""
    path: str = ""
    """Of a Unix socket; empty for TCP."""

    def __str__(self) -> str:
        if self.path:
            return f"{UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_listen(text: str) -> Listen:
    """Return where `HOST:PORT`, `[IPv6]:PORT` or `unix:PATH` is; ValueError for all else."""
    if text.startswith(UNIX):
        path = text.removeprefix(UNIX)
        if not path or len(os.fsencode(path)) > 100:
            raise ValueError(f"{text!r}: the path of a Unix socket has 1 to 100 bytes")
        return Listen(path=path)
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) < 1 << 16):
        raise ValueError(f"{text!r} is not HOST:PORT or unix:PATH")
    if not host:
        raise ValueError(f"{text!r}: say which address; 127.0.0.1 is for this machine alone")
    return Listen(host.removeprefix("[").removesuffix("]"), int(port))


def is_loopback(listen: Listen) -> bool:
    """Tell whether nobody but this machine can reach it."""
    if listen.path or listen.host == "localhost":
        return True
    with suppress(ValueError):
        return ip_address(listen.host).is_loopback
    return False


def bound(listen: Listen) -> socket.socket:
    """Return a socket that listens there. Raises `ListenError`.

    A Unix socket is its owner's alone. One that was left by a process that is gone is replaced.
    """
    try:
        return _bound_unix(listen.path) if listen.path else _bound_tcp(listen)
    except OSError as error:
        raise ListenError(_why(listen, error)) from error


def _bound_tcp(listen: Listen) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((listen.host, listen.port))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _bound_unix(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_orphan(path):
            Path(path).unlink()
        before = os.umask(0o177)
        try:
            made.bind(path)
        finally:
            os.umask(before)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def _is_orphan(path: str) -> bool:
    """Tell whether there is a socket at `path` to which nobody listens."""
    if not Path(path).is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
    return False


def _why(listen: Listen, error: OSError) -> str:
    what = f"http: {listen}: {error.strerror or error}"
    match error.errno:
        case code if code == EADDRINUSE:
            return f"{what}; another process has it: stop that one, or choose another in `http`"
        case code if code == EACCES:
            return f"{what}; choose a port above 1023, or a directory that may be written"
        case code if code == EADDRNOTAVAIL:
            return f"{what}; no interface of this machine has that address: mend `http`"
        case _:
            return f"{what}; mend `http` in the settings"
