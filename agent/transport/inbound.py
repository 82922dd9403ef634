"""What the transport tells whoever drives it, and what it could not do, counted."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from agent.wire.header import Pool
from failure_detect.events import (
    DatagramReceived,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
)

Inbound: TypeAlias = DatagramReceived | RequestReceived | ResponseReceived | RequestFailed

Sink: TypeAlias = Callable[[Pool, Inbound], bool]
"""Takes in a fact at once; tells whether it had room. It must neither wait nor raise."""


class Drop(StrEnum):
    """What was dropped here; the value is the label of a metric."""

    DATAGRAM = "datagram"
    """A datagram that came and for which there was no room above."""
    REQUEST = "request"
    """The same of a request."""
    OUTCOME = "outcome"
    """A request of ours that was asked while nothing runs: it has no outcome."""
    SEND_BUFFER = "send-buffer"
    """A datagram for which the kernel had no room."""
    UNSENDABLE = "unsendable"
    """A datagram that this host could not send: no route, too long, not permitted."""
    UNRESOLVED = "unresolved"
    """A datagram to a name that was not found, or that waited with too many others."""
    LATE = "late"
    """A response to a request whose stream had ended."""
    BUSY = "busy"
    """A request or connection that would have been one too many at a time."""


KINDS: dict[type[Inbound], Drop] = {
    DatagramReceived: Drop.DATAGRAM,
    RequestReceived: Drop.REQUEST,
    ResponseReceived: Drop.OUTCOME,
    RequestFailed: Drop.OUTCOME,
}
