"""A member of a small pool whose parts can be looked at one by one."""

from random import Random

from failure_detect.clock import Instant
from failure_detect.events import Effect, SendDatagram, SendRequest
from failure_detect.identity import Address, Identity, MemberId, NodeName
from simulations.baseline.config import MemberlistConfig, memberlist_lan
from simulations.baseline.directory import Directory, endpoint_of
from simulations.baseline.membership import Membership
from simulations.baseline.packing import open_datagram
from simulations.baseline.station import Station
from simulations.baseline.table import Member
from simulations.baseline.wire import Message, Name, State

ME: Name = b"n0"


def name_of(index: int) -> Name:
    return b"n%d" % index


def address_of(index: int) -> Address:
    return Address(f"10.0.0.{index}:7946")


def member_id(index: int) -> MemberId:
    return MemberId(bytes((index + 1,)) * 32)


def identity_of(index: int) -> Identity:
    return Identity(member_id(index), NodeName(f"node-{index}"), 1, address_of(index), "group")


def directory_of(size: int) -> Directory:
    directory = Directory()
    for index in range(size):
        directory.enroll(name_of(index), identity_of(index))
    return directory


def known_of(size: int) -> list[tuple[Name, Address]]:
    return [(name_of(index), address_of(index)) for index in range(size)]


def member(index: int, state: State = State.ALIVE, incarnation: int = 1) -> Member:
    endpoint = endpoint_of(address_of(index))
    return Member(
        name_of(index), endpoint.address, endpoint.packed, endpoint.port, incarnation, state, 0
    )


def station_of(size: int, config: MemberlistConfig | None = None) -> Station:
    """Member 0 of a pool of `size` that all know each other."""
    config = config or memberlist_lan()
    return Station(member(0), directory_of(size), config, Random(1))


def membership_of(station: Station, size: int) -> Membership:
    membership = Membership(station)
    for index in range(1, size):
        membership.settle(member(index))
    return membership


def of(station: Station, index: int) -> Member:
    found = station.table.get(name_of(index))
    assert found is not None
    return found


def sent(effects: list[Effect]) -> list[tuple[MemberId, list[Message]]]:
    """Return to whom datagrams went, and the messages in them."""
    return [
        (effect.to, open_datagram(effect.data))
        for effect in effects
        if isinstance(effect, SendDatagram)
    ]


def requests(effects: list[Effect]) -> list[SendRequest]:
    return [effect for effect in effects if isinstance(effect, SendRequest)]


def spread(station: Station) -> list[Message]:
    """Return all that is still to be said, and have it said once."""
    return [message for claim in station.news() for message in open_datagram(claim)]


LATER: Instant = 1 << 40
