"""Peers that are not as they should be: of another version, two of one name, or of another time.

Whoever can be told apart is refused by reason and counted; whoever cannot is told. In any case all
others go on, and lose nothing of what they know.
"""

import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import trio

from agent.credentials import Credentials, Place, read_key_ring
from agent.demo import layout
from agent.demo.layout import trust_of
from agent.demo.plan import NodePlan
from agent.key_files import read_cluster_key
from agent.objects import list_at, text_at
from agent.process import clock, entropy
from agent.transport.inbound import Inbound
from agent.transport.settings import TransportSettings
from agent.transport.transport import Transport
from agent.wire.header import HEAD_BYTES, VERSIONS, Pool
from agent.wire.sealing import Credentials as WireCredentials
from discovery.agent_authority import AgentAuthority, Scope
from discovery.names import Origin
from discovery.signing import NaclVerifier
from discovery.trust import TrustBook
from discovery.trust_events import ObjectApplied
from discovery.wall_time import WallClockRead
from failure_detect.clock import SECOND
from failure_detect.events import RequestFailed, SendDatagram, SendRequest
from failure_detect.identity import Address, MemberId, NodeName
from tests.agent.town import WITHIN_S, Town, document_of, fault_about, town, until

pytestmark = pytest.mark.timeout(300)

NETWORK = 114
STANDS, MOVES = {0, 1, 2}, 3
NEXT = (VERSIONS[1] + 1, VERSIONS[1] + 1)
HOUR_S = 3_600


class Pair:
    """Two clusters that serve each other; each has a second node, whose agent does not run."""

    def __init__(self, there: Town) -> None:
        self.town = there
        self.east, self.west = there.plan.clusters
        self.agent, self.other = self.east.nodes[0], self.west.nodes[0]
        self._moved = 0
        there.start(self.agent)
        there.start(self.other)
        for cluster in (self.east, self.west):
            there.export(cluster, "stands", sorted(STANDS))
        self.move()

    def move(self) -> None:
        """Let a service of each cluster change, and see the other follow."""
        self._moved += 1
        spot = MOVES + self._moved % 3
        for cluster in (self.east, self.west):
            self.town.export(cluster, "moves", [spot])
        until(lambda: self.east_has() == self.west_has() == STANDS | {spot}, f"both have {spot}")

    def west_has(self) -> set[int]:
        """Return what the mesh of `west` has of `east`; it never loses what stands."""
        found = self.town.spots(self.west, self.east)
        assert self._moved == 1 or found >= STANDS
        return found

    def east_has(self) -> set[int]:
        """Return what the mesh of `east` has of `west`; it never loses what stands."""
        found = self.town.spots(self.east, self.west)
        assert self._moved == 1 or found >= STANDS
        return found

    def refused(self, reason: str) -> float:
        """Return how much the agent of `east` has refused for a reason."""
        name = f'isthmus_refused_total{{by="transport",reason="{reason}"}}'
        return self.town.metrics(self.agent).get(name, 0)

    def sessions(self) -> float:
        """Return with how many peers it has keys agreed."""
        return self.town.metrics(self.agent)["isthmus_transport_sessions"]

    def alarms(self, node: NodePlan) -> Mapping[str, str]:
        """Return the words of an agent's alarms, by name."""
        items = list_at(self.town.ask(node, "/v1/alarms"), "items")
        return {
            text_at(each, "name"): f"{text_at(each, 'message')}; {text_at(each, 'remedy')}"
            for each in items
        }


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("peers")
    with town(folder, ("east", "west"), nodes=2, network=NETWORK) as there:
        yield Pair(there)


# --- other versions ---------------------------------------------------------------------------


def test_datagrams_and_streams_of_another_version_are_refused_and_counted(pair: Pair) -> None:
    before, sessions = pair.refused("version"), pair.sessions()
    place = (pair.agent.agent.host, pair.agent.agent.port)
    version = bytes((NEXT[0],))
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        sender.bind((pair.east.nodes[1].host, 0))
        for kind in range(0, 24, 4):
            sender.sendto(version + bytes((kind,)) + bytes(HEAD_BYTES + 40), place)
    until(lambda: pair.refused("version") == before + 6, "each datagram is counted")
    with closing(socket.create_connection(place, 5)) as stream:
        stream.sendall(version + bytes(200))
        stream.settimeout(20)
        assert stream.recv(100) == b"", "it is closed without a word"
    until(lambda: pair.refused("version") == before + 7, "and so is the stream")
    assert pair.sessions() == sessions
    pair.move()


class Newer:
    """A bridge of `west` with a good certificate, which speaks a version that nobody else does."""

    def __init__(self, pair: Pair) -> None:
        node, key = pair.west.nodes[1], pair.west.key
        address = Address(str(node.agent))
        ring = read_key_ring(Origin("west"), key)
        place = Place(
            Origin("west"), NodeName(node.name), address, address, Address(str(node.kubelet)), NEXT
        )
        start = clock.wall_ms()
        self.made = Credentials(entropy.secret(32), ring, place, start, start)
        book = TrustBook(Origin("west"), ring.own_keys, NaclVerifier())
        book.handle(WallClockRead(start))
        book.handle(ObjectApplied(trust_of(read_cluster_key(pair.east.key))))
        self.authority = AgentAuthority(self.made.signer, book, NaclVerifier(), Scope.WAN)
        self.heard: list[Inbound] = []
        self.transport = Transport(
            self.made.member,
            TransportSettings(listen=address),
            self.take,
            entropy=entropy.secret,
            clock=clock.now,
            notice=lambda _: None,
        )

    def take(self, pool: Pool, fact: Inbound) -> bool:
        self.heard.append(fact)
        return True

    async def call(self, member: MemberId, address: Address, done: Callable[[], bool]) -> None:
        """Call an agent by datagrams and by a stream until something holds, and a while longer."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.transport.run)
            self.transport.open(
                Pool.WAN,
                WireCredentials(
                    keys=self.made.signer, certificate=self.made.wan, authority=self.authority
                ),
            )
            order = SendRequest(1, member, address, b"\0anything", 2 * SECOND)
            self.transport.request(Pool.WAN, order)
            with trio.fail_after(60):
                while not self.heard or not await trio.to_thread.run_sync(done):
                    self.transport.send(Pool.WAN, SendDatagram(member, address, b"\0anything"))
                    await trio.sleep(0.2)
            nursery.cancel_scope.cancel()


def test_a_peer_whose_certificate_has_another_version_is_refused_and_nobody_else(
    pair: Pair,
) -> None:
    before, sessions = pair.refused("version"), pair.sessions()
    member = MemberId(bytes.fromhex(text_at(pair.town.ask(pair.agent, "/v1/status"), "member")))
    newer = Newer(pair)
    address = Address(str(pair.agent.agent))
    trio.run(newer.call, member, address, lambda: pair.refused("version") > before)
    assert [type(each) for each in newer.heard] == [RequestFailed]
    assert pair.sessions() == sessions
    logged = [
        text_at(line, "what")
        for line in pair.town.logged(pair.agent, "refused")
        if text_at(line, "reason") == "version"
    ]
    assert logged, "it is logged, at most once a minute"
    pair.move()


# --- two of one name --------------------------------------------------------------------------


def test_a_copy_of_a_whole_cluster_is_told_and_others_keep_whole_sets(pair: Pair) -> None:
    node, folder = pair.east.nodes[1], pair.east.folder.parent / "copy"
    shutil.copytree(pair.east.folder, folder)
    copy = replace(node, folder=folder)
    copy.log.unlink(missing_ok=True)
    found = dict(document_of(pair.agent.config))
    found |= {
        "listen": str(copy.agent),
        "http": str(copy.http),
        "advertise": {"lan": str(copy.agent), "wan": str(copy.agent)},
        "store": {"directory": str(folder / "objects")},
        "state": str(folder / "state" / pair.agent.name),
        "keys": {"cluster": str(folder / pair.east.key.name)},
    }
    layout.write(copy.config, found)
    pair.town.start(copy)
    remedy = "rotate it by `isthmus keys rotate`"
    for each in (pair.agent, copy):
        words = until(partial(_alarmed, pair, each), f"{each.host} is alarmed", 2 * WITHIN_S)
        assert "somebody else signs with our key" in words
        assert remedy in words
        assert '"alarm": "clone"' in each.log.read_text()
    metrics = pair.town.metrics(pair.agent)
    assert metrics['isthmus_alarms{name="clone",severity="alarm"}'] == 1
    pair.town.kill(copy)
    pair.move()


def _alarmed(pair: Pair, node: NodePlan) -> str:
    assert pair.west_has() >= STANDS
    return pair.alarms(node).get("clone", "")


def test_a_copied_key_and_state_on_another_node_is_one_more_agent_of_the_cluster(
    pair: Pair,
) -> None:
    node = pair.east.nodes[1]
    shutil.rmtree(node.state, ignore_errors=True)
    shutil.copytree(pair.agent.state, node.state)
    pair.town.start(node)
    until(lambda: pair.town.ask(node, "/v1/status").get("role") == "bridge", "it is a bridge")
    until(
        lambda: pair.town.ask(pair.agent, "/v1/status").get("role") == "publisher",
        "the Lease, which both share, lets one of them publish",
    )
    pair.move()
    pair.town.kill(pair.agent)
    until(lambda: pair.town.ask(node, "/v1/status").get("role") == "publisher", "it succeeds")
    pair.move()
    pair.town.start(pair.agent)
    pair.town.stop(node)
    until(lambda: pair.town.ask(pair.agent, "/v1/status").get("role") == "publisher", "and back")
    pair.move()


# --- another time -----------------------------------------------------------------------------


@pytest.mark.parametrize("wrong_s", [HOUR_S, -HOUR_S])
def test_a_clock_that_is_an_hour_wrong_is_told_and_stops_nothing(
    pair: Pair, wrong_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG_BY_S", str(wrong_s))
    pair.town.stop(pair.agent)
    pair.town.start(pair.agent, by="tests.agent.wrong_clock")
    where = "the clock of this machine"
    who, whose = (pair.other, "east") if wrong_s > 0 else (pair.agent, "west")
    words = until(lambda: fault_about(pair.town.ask(who, "/v1/status"), where), "it is told")
    assert f"the cluster {whose} signs more than 60 s ahead of it" in words
    assert "set the one that is wrong, by NTP; nothing is lost meanwhile" in words
    if wrong_s < 0:
        behind = until(lambda: pair.alarms(pair.agent).get("clock-behind"), "its own alarm")
        assert "behind what this cluster has signed; set the clock of this machine" in behind
    pair.move()
    pair.town.stop(pair.agent)
    pair.town.start(pair.agent)
    pair.move()
    if wrong_s > 0:
        behind = until(lambda: pair.alarms(pair.agent).get("clock-behind"), "until it has passed")
        assert "nothing is lost meanwhile" in behind


def test_nobody_has_crashed(pair: Pair) -> None:
    for node in pair.town.plan.nodes:
        assert not Path(node.log).exists() or "Traceback" not in node.log.read_text()
