"""Who is who: memberlist knows members by short names, the simulator by 32 bytes.

memberlist's messages say n17; facts, orders and the world's envelope say `MemberId`. The
directory is the simulator's knowledge, not the protocol's: it is shared by all members
and costs no bytes.
"""

from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from failure_detect.identity import MEMBER_ID_BYTES, Address, Identity, MemberId
from simulations.baseline.wire import Name

NOBODY = MemberId(bytes(MEMBER_ID_BYTES))
"""Stands for a name whose process has not started yet; what is sent there is lost."""


class Endpoint(NamedTuple):
    """An address as text, and as memberlist writes it: 4 or 16 bytes, and a port."""

    address: Address
    packed: bytes
    port: int


class Directory:
    """The identity behind every name that a member of the world has ever had."""

    def __init__(self) -> None:
        self._identities: dict[Name, Identity] = {}

    def enroll(self, name: Name, identity: Identity) -> None:
        """Let `name` be `identity` from now on; a restarted process keeps its name."""
        self._identities[name] = identity

    def find(self, name: Name) -> Identity | None:
        """Return who goes by `name`, or None if nobody ever did."""
        return self._identities.get(name)

    def member_id(self, name: Name, otherwise: MemberId = NOBODY) -> MemberId:
        """Return who goes by `name`, or `otherwise` if nobody ever did."""
        identity = self._identities.get(name)
        return otherwise if identity is None else identity.member


@lru_cache(maxsize=1 << 14)
def endpoint_of(address: Address) -> Endpoint:
    """Return `host:port` in both forms; a host that is no IP address is a ValueError."""
    host, _, port = address.rpartition(":")
    return Endpoint(address, ip_address(host.strip("[]")).packed, int(port))


@lru_cache(maxsize=1 << 14)
def address_at(packed: bytes, port: int) -> Address:
    """Return the text of an address; one that is not of 4 or 16 bytes is a ValueError."""
    ip = ip_address(packed)
    return Address(f"{ip}:{port}" if ip.version == 4 else f"[{ip}]:{port}")
