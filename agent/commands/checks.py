"""What a check finds, and the checks of what lies on this machine: files, folders and ports."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.settings_file import Settings

CONNECT_S = 2.0
"""How long a seed may take to answer."""


class Result(StrEnum):
    """What came of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    result: Result
    where: str
    """The file, field, address or object."""
    what: str
    remedy: str = ""

    def document(self) -> dict[str, object]:
        """Return it as a document of the answer for programs."""
        return asdict(self)


def ok(check: str, where: object, what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(check, Result.OK, str(where), what)


def warn(check: str, where: object, what: str, remedy: str) -> Finding:
    """Return that something works now, and will not for ever, or not as well as it could."""
    return Finding(check, Result.WARN, str(where), what, remedy)


def fail(check: str, where: object, what: str, remedy: str) -> Finding:
    """Return that something does not work."""
    return Finding(check, Result.FAIL, str(where), what, remedy)


# --- keys -------------------------------------------------------------------------------


def check_keys(settings: "Settings", wall_ms: int) -> Iterator[Finding]:
    """Look at the key files: rights, content, whether they fit together, and how long they last."""
    from agent.credentials import read_key_ring
    from agent.key_files import KeyFileError
    from discovery.names import Origin

    config, files = settings.config, settings.config.keys
    try:
        ring = read_key_ring(
            Origin(config.cluster), files.cluster, files.fleet_certificate, files.revocations
        )
    except KeyFileError as error:
        what, _, remedy = error.what.rpartition("; ")
        yield fail("keys", error.file, what or remedy, remedy if what else "see the file")
        return
    yield ok("keys", files.cluster, f"generation {ring.key.generation} of {config.cluster}")
    if ring.key.staged:
        generation = ring.key.staged[0]
        remedy = "isthmus keys rotate --activate, once the others trust it"
        yield warn("keys", files.cluster, f"generation {generation} waits to be activated", remedy)
    for problem in ring.problems(wall_ms):
        what, _, remedy = problem.partition("; ")
        yield warn("keys", files.fleet_certificate, what, remedy)


# --- folders ----------------------------------------------------------------------------


def check_state(settings: "Settings") -> Iterator[Finding]:
    """Look at the state folder: whether it is, or can be made, and can be written."""
    folder = settings.config.state
    there = folder if folder.exists() else _first_that_is(folder)
    if not there.is_dir():
        yield fail("state", there, "is no directory", "correct state: in the settings")
    elif not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        what = "cannot be written: the agent would forget everything when it stops"
        yield fail("state", there, what, f"give the user {os.geteuid()} the right to write there")
    else:
        damaged = sorted(folder.rglob("*.damaged"))
        for file in damaged:
            remedy = "remove it when you have looked at it; what it had comes back from peers"
            yield warn("state", file, "was put aside because it is damaged", remedy)
        if not damaged:
            yield ok("state", folder, "can be written" if folder == there else "will be made")


def _first_that_is(folder: Path) -> Path:
    return next(each for each in folder.absolute().parents if each.exists())


# --- ports ------------------------------------------------------------------------------


def check_port(settings: "Settings", *, is_running: bool) -> Iterator[Finding]:
    """Look whether the port for other agents is free, or this agent's own by now."""
    from agent.settings import host_and_port

    listen = settings.config.listen
    host, port = host_and_port(listen)
    for kind, name in ((socket.SOCK_DGRAM, "UDP"), (socket.SOCK_STREAM, "TCP")):
        problem = _bind_problem(host, port, kind)
        if problem is None and is_running:
            what = f"the agent answers, and nobody listens at its {name} port"
            remedy = "is it the agent of these settings? compare listen: and http:"
            yield warn("port", listen, what, remedy)
        elif problem is None:
            yield ok("port", listen, f"{name} is free")
        elif problem.errno == errno.EADDRINUSE and is_running:
            yield ok("port", listen, f"{name} is in use, by the agent that runs")
        elif problem.errno == errno.EADDRINUSE:
            remedy = f"see who listens (ss -lnp 'sport = :{port}'), or choose another by listen:"
            yield fail("port", listen, f"{name} is in use by another program", remedy)
        else:
            remedy = "correct listen: in the settings"
            yield fail("port", listen, f"{name}: {problem.strerror or problem}", remedy)


def _bind_problem(host: str, port: int, kind: socket.SocketKind) -> OSError | None:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=kind)[0]
        with closing(socket.socket(family, kind)) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
            tried.bind(address)
    except OSError as error:
        return error
    return None


# --- seeds ------------------------------------------------------------------------------


def check_seeds(settings: "Settings") -> Iterator[Finding]:
    """Look whether each seed's name resolves, and whether anybody takes a connection there."""
    seeds = settings.config.seeds
    for pool, addresses in (("lan", seeds.lan), ("wan", seeds.wan)):
        for each in addresses:
            yield _seed(f"seeds.{pool}", each)
    if not seeds.wan:
        what = "no seed of another cluster: this one is found by others alone"
        yield warn("seeds", "seeds.wan", what, "name two or three bridges of other clusters")


def _seed(check: str, seed: str) -> Finding:
    from agent.settings import host_and_port

    host, port = host_and_port(seed)
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        remedy = "correct the name, or see to the DNS of this machine"
        return fail(check, seed, f"does not resolve: {error.strerror or error}", remedy)
    try:
        socket.create_connection((host, port), CONNECT_S).close()
    except OSError as error:
        remedy = "it is tried again for ever; look for a firewall if that agent runs (UDP and TCP)"
        return warn(check, seed, f"does not answer: {error.strerror or error}", remedy)
    return ok(check, seed, "answers")
