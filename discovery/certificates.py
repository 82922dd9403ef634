"""Certificates: a fleet's word on a cluster's key, and a cluster's word on an agent's.

Both are `signed` maps. The chain is fleet -> cluster -> agent and never longer: an agent's
certificate may carry its cluster's, a cluster's carries none, and then name and generation stand
in the cluster's alone. Decoding verifies nothing; who may vouch for whom is `trust`'s business.

    cluster (Domain.CLUSTER)                agent (Domain.AGENT)
    n  name of the cluster                  m  member id, which is its public key
    k  its key         g  its generation    n  node          s  start number
    f  the fleet's key                      a  address       d  the node's own address
    b  not before (ms)                      o  origin        g  generation of the cluster's key
    e  not after (ms), absent: for ever     e  not after (ms)
    u  UID of its kube-system namespace     v  [min, max] of the protocol versions it speaks
    w  network                              r  roles: 1 may hold the cluster key, 2 be a bridge
                                            c  the cluster's certificate, in place of o and g

An address of digits is packed (6 or 18 bytes) and so is a UID (16), because all of an agent's
certificate has to fit the detector's limit.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeVar

from discovery.authority import Domain, Signer, Verifier
from discovery.endpoints import is_zone
from discovery.fields import Fields
from discovery.manifest import UID_CHARACTERS_MAX
from discovery.names import PUBLIC_KEY_BYTES, Origin, PublicKey, is_label, is_subdomain
from discovery.refusals import Refused
from discovery.signed import Signed, read_signed, sign_fields
from failure_detect.identity import MEMBER_ID_BYTES, Address, Identity, MemberId, NodeName
from failure_detect.packing import Packable

AGENT_CERTIFICATE_BYTES_MAX = 512
"""What the detector takes by default (`LimitConfig.certificate_bytes`)."""

CLUSTER_CERTIFICATE_BYTES_MAX = 512
"""Without fields of later versions it has 378 at most, and some 230 in practice."""

GENERATION_MAX = (1 << 63) - 1
ADDRESS_CHARACTERS_MAX = 260
VERSION_MAX = 255

_WALL_MS_MAX = (1 << 63) - 1
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HOST = re.compile(r"[-.A-Za-z0-9]+|\[[:.0-9a-f]+\]")
_PORT = re.compile(r"[0-9]{1,5}")
_HOLDS_KEY, _MAY_BRIDGE = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterBody:
    """What a fleet says of a cluster's key. Times are milliseconds since 1970."""

    cluster: Origin
    key: PublicKey
    generation: int
    fleet: PublicKey
    not_before_ms: int = 0
    not_after_ms: int = 0
    """0: for ever."""
    uid: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True)
class ClusterCertificate:
    """A fleet's word on a cluster's key."""

    body: ClusterBody
    signed: Signed

    @property
    def raw(self) -> bytes:
        """All of it, as it travels."""
        return self.signed.raw

    def is_signed(self, verifier: Verifier) -> bool:
        """Tell whether the fleet that it names signed it; not whether that fleet is trusted."""
        return self.signed.is_by(self.body.fleet, Domain.CLUSTER, verifier)


@dataclass(frozen=True, slots=True)
class Roles:
    """What an agent may be, beside a member of its pool."""

    holds_key: bool = False
    """Whether it may hold the cluster key."""
    may_bridge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentBody:
    """What a cluster says of one of its agents. Times are milliseconds since 1970."""

    member: MemberId
    node: NodeName
    start: int
    """Of two members of one node the higher one is the process that runs now."""
    address: Address
    node_address: Address | None = None
    origin: Origin
    generation: int
    """Of the cluster key that signs."""
    not_after_ms: int
    versions: tuple[int, int]
    """The lowest and highest protocol version that it speaks."""
    roles: Roles = Roles()


@dataclass(frozen=True, slots=True)
class AgentCertificate:
    """A cluster's word on one of its agents, with the fleet's word on that cluster or None."""

    body: AgentBody
    cluster: ClusterCertificate | None
    signed: Signed

    @property
    def raw(self) -> bytes:
        """All of it, as it travels."""
        return self.signed.raw

    def is_signed_by(self, key: PublicKey, verifier: Verifier) -> bool:
        """Tell whether the cluster key `key` signed it."""
        return self.signed.is_by(key, Domain.AGENT, verifier)


def identity_of(certificate: AgentCertificate) -> Identity:
    """Return what the detector wants to know of a member."""
    body = certificate.body
    return Identity(
        member=body.member,
        node=body.node,
        start=body.start,
        address=body.address,
        group=body.origin,
        node_address=body.node_address,
    )


def issue_cluster_certificate(body: ClusterBody, fleet: Signer) -> ClusterCertificate:
    """Return the certificate, signed with the fleet's key.

    Raises ValueError where `body` names another fleet, or where anybody would refuse it.
    """
    if body.fleet != fleet.public:
        raise ValueError("cluster certificate: names another fleet than the one that signs")
    fields: dict[str, Packable] = {
        "n": body.cluster,
        "k": body.key,
        "g": body.generation,
        "f": body.fleet,
        "b": body.not_before_ms or None,
        "e": body.not_after_ms or None,
        "u": _packed_uid(body.uid),
        "w": body.network or None,
    }
    return _reread(decode_cluster_certificate, sign_fields(fields, Domain.CLUSTER, fleet))


def decode_cluster_certificate(raw: bytes) -> ClusterCertificate:
    """Return the certificate, unverified. Raises `Refused` for all other bytes."""
    signed = read_signed("cluster certificate", raw, CLUSTER_CERTIFICATE_BYTES_MAX)
    fields = Fields("cluster certificate", signed.body, CLUSTER_CERTIFICATE_BYTES_MAX)
    network = fields.text("w", most=63, default="")
    if network and not is_zone(network):
        raise fields.refuse("w", "must be the name of a network, as a label's value is written")
    body = ClusterBody(
        cluster=_origin(fields, "n"),
        key=PublicKey(fields.octets("k", exactly=PUBLIC_KEY_BYTES)),
        generation=fields.integer("g", most=GENERATION_MAX),
        fleet=PublicKey(fields.octets("f", exactly=PUBLIC_KEY_BYTES)),
        not_before_ms=fields.integer("b", most=_WALL_MS_MAX, default=0),
        not_after_ms=fields.integer("e", most=_WALL_MS_MAX, default=0),
        uid=_uid(fields),
        network=network,
    )
    return ClusterCertificate(body, signed)


def issue_agent_certificate(
    body: AgentBody, cluster_key: Signer, cluster: ClusterCertificate | None = None
) -> AgentCertificate:
    """Return the certificate, signed with the cluster's key; it carries `cluster` if given.

    Raises ValueError where `cluster` is of another cluster, key or generation, or where anybody
    would refuse the certificate: for its size, above all.
    """
    if cluster is not None:
        vouched = (cluster.body.cluster, cluster.body.generation, cluster.body.key)
        if vouched != (body.origin, body.generation, cluster_key.public):
            raise ValueError("agent certificate: the cluster certificate is of another key")
    address = _packed_address(body.address)
    node_address = None if body.node_address is None else _packed_address(body.node_address)
    fields: dict[str, Packable] = {
        "m": body.member,
        "n": body.node,
        "s": body.start,
        "a": address,
        "d": node_address,
        "e": body.not_after_ms,
        "v": list(body.versions),
        "r": body.roles.holds_key * _HOLDS_KEY + body.roles.may_bridge * _MAY_BRIDGE or None,
    }
    if cluster is None:
        fields |= {"o": body.origin, "g": body.generation}
    else:
        fields |= {"c": cluster.raw}
    return _reread(decode_agent_certificate, sign_fields(fields, Domain.AGENT, cluster_key))


def decode_agent_certificate(raw: bytes) -> AgentCertificate:
    """Return the certificate, unverified. Raises `Refused` for all other bytes."""
    signed = read_signed("agent certificate", raw, AGENT_CERTIFICATE_BYTES_MAX)
    fields = Fields("agent certificate", signed.body, AGENT_CERTIFICATE_BYTES_MAX)
    cluster, origin, generation = _chain(fields)
    node = fields.text("n", most=253)
    if not is_subdomain(node):
        raise fields.refuse("n", "must be the name of a node")
    roles = fields.integer("r", default=0)
    body = AgentBody(
        member=MemberId(fields.octets("m", exactly=MEMBER_ID_BYTES)),
        node=NodeName(node),
        start=fields.integer("s"),
        address=_address(fields, "a"),
        node_address=_address(fields, "d") if fields.has("d") else None,
        origin=origin,
        generation=generation,
        not_after_ms=fields.integer("e", most=_WALL_MS_MAX),
        versions=_versions(fields),
        roles=Roles(bool(roles & _HOLDS_KEY), bool(roles & _MAY_BRIDGE)),
    )
    return AgentCertificate(body, cluster, signed)


_Certificate = TypeVar("_Certificate", ClusterCertificate, AgentCertificate)


def _reread(decode: Callable[[bytes], _Certificate], raw: bytes) -> _Certificate:
    """Return what everybody else will make of `raw`."""
    try:
        return decode(raw)
    except Refused as error:
        raise ValueError(error.what) from error


def _origin(fields: Fields, name: str) -> Origin:
    origin = fields.text(name, most=63)
    if not is_label(origin):
        raise fields.refuse(name, "must be the name of a cluster, an RFC 1123 label")
    return Origin(origin)


def _chain(fields: Fields) -> tuple[ClusterCertificate | None, Origin, int]:
    if not fields.has("c"):
        return None, _origin(fields, "o"), fields.integer("g", most=GENERATION_MAX)
    if fields.has("o") or fields.has("g"):
        raise fields.refuse("c", "must stand in place of o and g, not beside them")
    raw = fields.octets("c", most=CLUSTER_CERTIFICATE_BYTES_MAX)
    cluster = decode_cluster_certificate(raw)
    return cluster, cluster.body.cluster, cluster.body.generation


def _versions(fields: Fields) -> tuple[int, int]:
    match fields.sequence("v", most=2):
        case (int() as least, int() as most) if 1 <= least <= most <= VERSION_MAX:
            return least, most
        case _:
            raise fields.refuse("v", f"must be two versions from 1 to {VERSION_MAX}, rising")


def _packed_uid(uid: str) -> Packable:
    return bytes.fromhex(uid.replace("-", "")) if _UUID.fullmatch(uid) else uid or None


def _uid(fields: Fields) -> str:
    match fields.value("u"):
        case bytes() as octets if len(octets) == 16:
            text = octets.hex()
            return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
        case str() as uid if uid and _UUID.fullmatch(uid):
            raise fields.refuse("u", "must be packed: 16 bytes")
        case _:
            return fields.text("u", most=UID_CHARACTERS_MAX, default="")


def _packed_address(address: str) -> Packable:
    """Return 6 or 18 bytes where they say the same as `address`, else the text."""
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= 65_535):
        return address
    try:
        octets = ip_address(host.strip("[]")).packed + int(port).to_bytes(2)
    except ValueError:
        return address
    return octets if _shown(octets) == address else address


def _shown(octets: bytes) -> str:
    host, port = ip_address(octets[:-2]), int.from_bytes(octets[-2:])
    return f"{host}:{port}" if host.version == 4 else f"[{host}]:{port}"


def _address(fields: Fields, name: str) -> Address:
    match fields.value(name):
        case bytes() as octets if len(octets) in (6, 18):
            return Address(_shown(octets))
        case str() as text if _is_address(text):
            return Address(text)
        case _:
            raise fields.refuse(name, "must be an address with a port: 6 or 18 bytes, or a text")


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return (
        len(text) <= ADDRESS_CHARACTERS_MAX
        and _HOST.fullmatch(host) is not None
        and _PORT.fullmatch(port) is not None
        and int(port) <= 65_535
    )
