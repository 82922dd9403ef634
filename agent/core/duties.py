"""What an agent says of its duty in its own cluster: whether it is a bridge, or could be one.

A statement travels by the gossip of the `lan` pool, signed with the agent's key, as a packed
[body, signature]; the body is [member, serial, flags, since]. What a later version appends to the
body, and flags that it adds, are ignored here and passed on as they came. The node of the member
does not travel: whoever hears it knows it from the member's certificate.
"""

from dataclasses import dataclass

from discovery.authority import SIGNATURE_BYTES, Domain, Signer, Verifier
from discovery.names import PublicKey
from discovery.refusals import Refusal, Refused
from failure_detect.identity import MEMBER_ID_BYTES, SHORT_ID_BYTES, MemberId, short_id
from failure_detect.packing import MalformedMessage, pack, unpack_one

DUTY_BYTES_MAX = 200
NUMBER_MAX = (1 << 63) - 1

_PREFIX = b"duty/"
_BRIDGE, _KEY, _API, _REACHABLE, _UNREACHABLE = 1, 2, 4, 8, 16
_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Duty:
    """One statement."""

    member: MemberId
    serial: int
    """Of two statements of one member the higher counts."""
    is_bridge: bool = False
    since_ms: int = 0
    """Since when it has been a bridge, by its wall clock (ms since 1970), for people; else 0."""
    has_key: bool = False
    """Whether it may be a bridge, and has the cluster's key."""
    is_reachable: bool | None = None
    """Whether bridges of other clusters reach it; None while nobody has tried."""
    has_api: bool = True
    """False where it has been without the API server for long."""


def duty_key(member: MemberId) -> bytes:
    """Return under what a member's statements are gossiped: a newer one replaces an older."""
    return _PREFIX + short_id(member)


def is_duty_key(key: bytes) -> bool:
    """Tell whether something is gossiped under the key of a statement."""
    return key.startswith(_PREFIX) and len(key) == len(_PREFIX) + SHORT_ID_BYTES


def encode_duty(duty: Duty, signer: Signer) -> bytes:
    """Return a statement as it travels, signed; at most `DUTY_BYTES_MAX` bytes."""
    flags = duty.is_bridge * _BRIDGE + duty.has_key * _KEY + duty.has_api * _API
    if duty.is_reachable is not None:
        flags += _REACHABLE if duty.is_reachable else _UNREACHABLE
    body = pack([duty.member, duty.serial, flags, duty.since_ms])
    return pack([body, signer.sign(Domain.DUTY, body)])


def decode_duty(payload: bytes, verifier: Verifier) -> Duty:
    """Return a statement that its member signed. Raises `Refused` for all else."""
    try:
        found = unpack_one(payload, DUTY_BYTES_MAX)
        match found:
            case (bytes() as body, bytes() as signature) if len(signature) == SIGNATURE_BYTES:
                duty = _read(unpack_one(body, DUTY_BYTES_MAX))
            case _:
                raise MalformedMessage("must be a body and a signature")
    except MalformedMessage as error:
        raise Refused(Refusal.MALFORMED, f"duty: {error}") from error
    if not verifier.verify(PublicKey(duty.member), Domain.DUTY, body, signature):
        raise Refused(Refusal.SIGNATURE, "duty: is not signed by the member that it names")
    return duty


def _read(body: object) -> Duty:
    if not isinstance(body, tuple) or len(body) < _FIELDS:
        raise MalformedMessage("must be an array of member, serial, flags and time")
    match body[:_FIELDS]:
        case (bytes() as member, int() as serial, int() as flags, int() as since_ms):
            numbers = (serial, flags, since_ms)
        case _:
            raise MalformedMessage("must be an array of member, serial, flags and time")
    if len(member) != MEMBER_ID_BYTES or not all(map(_is_number, numbers)):
        raise MalformedMessage("has a member or a number that is none")
    told = bool(flags & (_REACHABLE | _UNREACHABLE))
    return Duty(
        MemberId(member),
        serial,
        is_bridge=bool(flags & _BRIDGE),
        since_ms=since_ms,
        has_key=bool(flags & _KEY),
        is_reachable=bool(flags & _REACHABLE) if told else None,
        has_api=bool(flags & _API),
    )


def _is_number(value: int) -> bool:
    return type(value) is int and 0 <= value <= NUMBER_MAX
