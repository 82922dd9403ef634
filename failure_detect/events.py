"""What goes into the detector and what comes out of it.

Events are facts, in the past tense. Effects that go down are orders to the driver
(`SendDatagram`); effects that go up are facts for the layer above (`MemberDied`).
A machine is driven by `handle(event, now)` and `advance(now)`; both give a list of
effects, which the driver performs in order.
"""

from dataclasses import dataclass
from typing import TypeAlias

from failure_detect.clock import Duration
from failure_detect.identity import Address, Identity, MemberId, NodeName

# --- events: from the driver -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DatagramReceived:
    """A datagram came from `sender`, whom the envelope has authenticated."""

    sender: MemberId
    data: bytes


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """`sender` opened a stream to us and sent one frame; answer with `SendResponse(request)`."""

    request: int
    sender: MemberId
    data: bytes


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """The stream of our `SendRequest(request)` brought its one frame back from `sender`."""

    request: int
    sender: MemberId
    data: bytes


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The stream of our `SendRequest(request)` failed, or its time ran out."""

    request: int


@dataclass(frozen=True, slots=True)
class ConnectFinished:
    """A `ConnectNode` ended: the node's address answered (a refusal is an answer) or was silent."""

    connect: int
    answered: bool


@dataclass(frozen=True, slots=True)
class SeedsResolved:
    """The seed list, as names resolve now; replaces the one before."""

    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class MembersRestored:
    """Encoded `alive` claims kept from an earlier run (`FailureDetector.snapshot`)."""

    claims: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CertificateObtained:
    """This process has a new certificate: a higher start number, or another address."""

    certificate: bytes


@dataclass(frozen=True, slots=True)
class NodeDeleted:
    """The node's object is gone: its dead members are forgotten."""

    node: NodeName


@dataclass(frozen=True, slots=True)
class LeaveRequested:
    """The process will stop: say so to the pool."""


# --- events: from the layer above ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class BroadcastRequested:
    """Spread `payload` by gossip; it replaces what is still queued under `key`."""

    key: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class FingerprintChanged:
    """Carry these bytes (at most 16) in every probe and ack from now on."""

    fingerprint: bytes


Event: TypeAlias = (
    DatagramReceived
    | RequestReceived
    | ResponseReceived
    | RequestFailed
    | ConnectFinished
    | SeedsResolved
    | MembersRestored
    | CertificateObtained
    | NodeDeleted
    | LeaveRequested
    | BroadcastRequested
    | FingerprintChanged
)

# --- effects: orders to the driver --------------------------------------------------


@dataclass(frozen=True, slots=True)
class SendDatagram:
    """Send `data` (at most the configured datagram size) to `to` at `address`, sealed."""

    to: MemberId
    address: Address
    data: bytes


@dataclass(frozen=True, slots=True)
class SendRequest:
    """Open a stream to `address`, send one frame, await one frame back within `timeout`.

    The answer comes as `ResponseReceived(request)` or `RequestFailed(request)`, once.
    `to` is who must answer; None where only the address is known (a seed).
    """

    request: int
    to: MemberId | None
    address: Address
    data: bytes
    timeout: Duration


@dataclass(frozen=True, slots=True)
class SendResponse:
    """Send the one frame back on the stream that brought `RequestReceived(request)`."""

    request: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ConnectNode:
    """Connect to a node's own address; report it as `ConnectFinished(connect)` once."""

    connect: int
    address: Address
    timeout: Duration


# --- effects: facts for the layer above ----------------------------------------------


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """A member that was not known before is alive."""

    identity: Identity
    incarnation: int


@dataclass(frozen=True, slots=True)
class MemberUpdated:
    """A living member raised its incarnation or changed its certificate (a new address)."""

    identity: Identity
    incarnation: int


@dataclass(frozen=True, slots=True)
class MemberSuspected:
    """This member suspects `member`, or learnt of an accusation that has not won yet."""

    member: MemberId
    incarnation: int


@dataclass(frozen=True, slots=True)
class SuspicionLifted:
    """A suspicion ended by a proof of life."""

    member: MemberId


@dataclass(frozen=True, slots=True)
class MemberDied:
    """The pool's verdict: `member` is dead. `accusers` are those whose signatures say so."""

    member: MemberId
    incarnation: int
    accusers: tuple[MemberId, ...]


@dataclass(frozen=True, slots=True)
class MemberReturned:
    """A member that had been declared dead is alive again, at a higher incarnation."""

    member: MemberId
    incarnation: int


@dataclass(frozen=True, slots=True)
class MemberLeft:
    """A member said that it stops. This is not death."""

    member: MemberId


@dataclass(frozen=True, slots=True)
class MemberRetired:
    """A newer process of the same node took `member`'s place."""

    member: MemberId
    successor: MemberId


@dataclass(frozen=True, slots=True)
class ReachabilityChanged:
    """Whether our own direct probes reach `member`: not the pool's verdict (design, 3.4)."""

    member: MemberId
    reachable: bool


@dataclass(frozen=True, slots=True)
class IsolationChanged:
    """This member finds that nobody answers it (deaf or mute), or that somebody does again."""

    isolated: bool


@dataclass(frozen=True, slots=True)
class NodeSilent:
    """The node's agent is dead and the node's own address answers none of its checkers."""

    node: NodeName


@dataclass(frozen=True, slots=True)
class NodeAnswered:
    """A node that had been called silent answers again, or its agent is back."""

    node: NodeName


@dataclass(frozen=True, slots=True)
class CertificateNeeded:
    """Another process claims this node with start number `above - 1` or higher."""

    above: int


@dataclass(frozen=True, slots=True)
class BroadcastReceived:
    """Gossip of the layer above arrived; it is spread on if `BroadcastRequested` says so."""

    sender: MemberId
    key: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class FingerprintSeen:
    """`member` carries a fingerprint of the layer above that differs from ours."""

    member: MemberId
    fingerprint: bytes


Order: TypeAlias = SendDatagram | SendRequest | SendResponse | ConnectNode
Fact: TypeAlias = (
    MemberJoined
    | MemberUpdated
    | MemberSuspected
    | SuspicionLifted
    | MemberDied
    | MemberReturned
    | MemberLeft
    | MemberRetired
    | ReachabilityChanged
    | IsolationChanged
    | NodeSilent
    | NodeAnswered
    | CertificateNeeded
    | BroadcastReceived
    | FingerprintSeen
)
Effect: TypeAlias = Order | Fact
