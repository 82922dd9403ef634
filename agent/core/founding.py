"""How the machines of an agent are made from its charter."""

from dataclasses import dataclass
from random import Random

from agent.core.bridge_parts import Parts
from agent.core.bridgehead import Bridgehead
from agent.core.charter import Charter
from agent.core.events import KeyLoaded
from agent.core.lan_member import LanMember
from agent.core.lease import Lease
from agent.core.view_reader import ViewReader
from agent.drivers.writer import Writer
from agent.mirror import Mirror
from agent.sources.acks import Acks
from agent.sources.sources import Sources
from discovery.agent_authority import AgentAuthority, Scope
from discovery.bridge import Bridge
from discovery.bridge_config import Agent
from discovery.member import WanMember
from discovery.publisher import Publisher
from discovery.trust import TrustBook
from failure_detect.clock import Instant
from failure_detect.detector import FailureDetector


def new_book(charter: Charter, keys: KeyLoaded) -> TrustBook:
    """Return what believes the own cluster, and nobody else yet."""
    return TrustBook(charter.own, keys.own_keys, charter.verifier, charter.uid)


def lan_authority(charter: Charter, book: TrustBook) -> AgentAuthority:
    """Return what lets agents of the own cluster in."""
    return AgentAuthority(charter.signer, book, charter.verifier, Scope.LAN)


def found_lan(
    charter: Charter, authority: AgentAuthority, certificate: bytes, now: Instant, dice: Random
) -> LanMember:
    """Return this agent as a member of its cluster's pool.

    Raises `ConfigError` where its own certificate is not to be believed.
    """
    detector = FailureDetector(
        certificate, charter.lan, authority=authority, now=now, rng=Random(dice.getrandbits(64))
    )
    return LanMember(detector)


@dataclass(frozen=True, slots=True)
class Seat:
    """With what an agent becomes a bridge this time."""

    keys: KeyLoaded
    certificate: bytes
    """Of this process, for the pool of all clusters."""
    left_at: int
    """The incarnation at which it left that pool before; 0: it never was there."""


def found_bridge(
    charter: Charter, seat: Seat, mirror: Mirror, now: Instant, dice: Random
) -> Bridgehead:
    """Return a bridge that has been told nothing yet.

    Raises `ConfigError` where its own certificate is not to be believed.
    """
    keys, certificate = seat.keys, seat.certificate
    book = new_book(charter, keys)
    authority = AgentAuthority(charter.signer, book, charter.verifier, Scope.WAN)
    detector = FailureDetector(
        certificate,
        charter.wan,
        authority=authority,
        now=now,
        rng=Random(dice.getrandbits(64)),
        above=seat.left_at,
    )
    identity = authority.identify(certificate)
    assert identity is not None, "the detector has believed it"
    publisher = Publisher(charter.own, charter.uid, keys.key, charter.publisher, now)
    bridge = Bridge(
        Agent(identity, charter.signer),
        book,
        charter.bridge,
        now=now,
        rng=Random(dice.getrandbits(64)),
        publisher=publisher,
    )
    writer = Writer(ViewReader(bridge), mirror, charter.writer, Random(dice.getrandbits(64)), now)
    parts = Parts(
        wan=WanMember(detector, bridge),
        lease=Lease(charter.holder, charter.lease, first=now),
        writer=writer,
        sources=Sources(mirror, charter.sources),
        acks=Acks(charter.own, charter.acks),
    )
    return Bridgehead(parts, mirror, charter.own, authority)
