"""One agent of a small world: its machine, and what the process around it does for it.

It does what `agent.process` does, on the world's clock: what must be kept is kept before anything
that follows, each order is answered once, and nothing is decided here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from random import Random
from typing import Protocol

from agent.core import events
from agent.core.agent import Agent
from agent.core.events import Effect, Event, FromPool, Noted, StateChanged, ToPool
from agent.core.office import Answer, encode_answer
from agent.credentials import Credentials, KeyRing, Place, first_start
from agent.drivers.plan import Step
from agent.drivers.writer_events import WriteFinished
from agent.objects import Document
from agent.process.chartering import charter_of, keys_of
from agent.process.storing import error_of
from agent.settings import Seeds
from agent.settings_file import Settings
from agent.state_folder import LoadedState, Members
from agent.store import StoreError
from agent.wire.header import Pool
from agent.writes import Apply, ApplyStatus, Delete
from discovery.agent_authority import AgentAuthority
from discovery.data_path import ConnectRequested, PathTried
from failure_detect import events as pool_events
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.identity import Address, MemberId
from tests.agent.core.town_agenda import Agenda
from tests.agent.core.town_api import ApiServer, Client
from tests.agent.core.town_network import Network

TICK: Duration = 5 * SECOND
"""How often a process reads the wall clock."""

FACTS_MAX = 20_000


@dataclass
class Disk:
    """What outlives a process."""

    loaded: LoadedState = field(default_factory=LoadedState)


@dataclass(frozen=True)
class Lot:
    """What a process begins with."""

    settings: Settings
    ring: KeyRing
    place: Place
    uid: str
    site: str
    """A name that no other site of the world has."""


class Surroundings(Protocol):
    """The world around a process."""

    agenda: Agenda
    network: Network

    def api(self, cluster: str) -> ApiServer: ...

    def answers(self, process: "Process", host: str) -> bool:
        """Whether whoever has this address answers a connection, be it by a refusal."""
        ...

    def has_ended(self, holder: str) -> bool:
        """Whether a process is known to have ended."""
        ...

    def wrote(self, process: "Process", step: Step) -> None:
        """The driver of a process has written something."""
        ...


class Process:
    """Runs from when it is made until it has stopped or was killed."""

    def __init__(self, world: Surroundings, lot: Lot, disk: Disk, dice: Random) -> None:
        self._world, self._lot, self._disk, self._dice = world, lot, disk, dice
        agenda = world.agenda
        self.start = first_start(disk.loaded.start, agenda.wall_ms())
        disk.loaded = replace(disk.loaded, start=self.start)
        seed = blake2b(f"{lot.site}/{self.start}".encode(), digest_size=32).digest()
        self.credentials = Credentials(seed, lot.ring, lot.place, self.start, agenda.wall_ms())
        self.charter = charter_of(lot.settings, self.credentials, disk.loaded, lot.uid, "0.1.0")
        self.agent = Agent(self.charter, agenda.now, dice)
        self._runs = True
        self._deadline: Instant | None = None
        self.has_stopped = False
        self.facts: list[tuple[Instant, object]] = []
        self.answered: dict[int, events.LocalAnswered] = {}
        self._known: dict[tuple[Pool, bytes], tuple[int, bool]] = {}
        self._wan_authority: AgentAuthority | None = None
        """Lets bridges in while the `wan` pool is open."""
        self.client = Client(world.api(self.cluster), self.give)
        world.network.settle([lot.place.lan, lot.place.wan], self)
        self._perform(self.agent.begin(agenda.now))
        for pool, seeds in ((Pool.LAN, self._seeds.lan), (Pool.WAN, self._seeds.wan)):
            found = pool_events.SeedsResolved(tuple(map(Address, seeds)))
            self.give(FromPool(pool, found))
        self._tick()
        self.client.connect()

    # --- what others see of it ----------------------------------------------------------------

    @property
    def _seeds(self) -> Seeds:
        return self._lot.settings.config.seeds

    @property
    def place(self) -> str:
        return self._lot.site

    @property
    def node(self) -> str:
        return self._lot.place.node

    @property
    def cluster(self) -> str:
        return self._lot.place.cluster

    @property
    def member(self) -> MemberId:
        return self.credentials.member

    @property
    def runs(self) -> bool:
        return self._runs

    @property
    def deadline(self) -> Instant:
        """When it is to advance; asked once after each event, since the machine is large."""
        if self._deadline is None:
            self._deadline = self.agent.deadline
        return self._deadline

    def certificate(self, pool: Pool) -> bytes | None:
        if pool is Pool.LAN:
            return self.credentials.lan
        return self.credentials.wan if self._is_in_wan else None

    @property
    def _is_in_wan(self) -> bool:
        return self._wan_authority is not None

    def lets_in(self, pool: Pool, certificate: bytes) -> bool:
        head = self.agent.head
        if pool is Pool.WAN and not self._is_in_wan:
            return False
        authority = self._wan_authority if pool is Pool.WAN else self.agent.lan_authority
        assert authority is not None
        changes = head.bridge.trust.changes if head is not None and pool is Pool.WAN else -1
        known = self._known.get((pool, certificate))
        if known is None or known[0] != changes:
            is_known = authority.identify(certificate) is not None
            known = self._known[pool, certificate] = changes, is_known
        return known[1]

    def receive(self, pool: Pool, event: pool_events.Event) -> None:
        self.give(FromPool(pool, event))

    # --- its life -----------------------------------------------------------------------------

    def give(self, event: Event) -> None:
        """Let the machine take in one event."""
        if self._runs:
            self._perform(self.agent.handle(event, self._world.agenda.now))

    def advance(self) -> None:
        """Let the machine do what is due."""
        self._perform(self.agent.advance(self._world.agenda.now))

    def kill(self) -> None:
        """End now, without a word."""
        if self._runs:
            self._runs = False
            self.client.close()

    def use(self, ring: KeyRing) -> None:
        """Find other keys in the files."""
        is_new = self.credentials.use(ring, self._world.agenda.wall_ms())
        self.give(keys_of(ring))
        if is_new:
            self._tell_certificates()

    def renew(self) -> None:
        """Make certificates anew, as when half of their life is over."""
        self.credentials.renew(self._world.agenda.wall_ms())
        self._tell_certificates()

    def _tell_certificates(self) -> None:
        self._known.clear()
        self.give(events.CertificatesMade(self.credentials.lan, self.credentials.wan))

    def _tick(self) -> None:
        if self._runs:
            self.give(events.ClockRead(self._world.agenda.wall_ms()))
            self._save_members()
            self._world.agenda.after(TICK, self._tick)

    def _save_members(self) -> None:
        head = self.agent.head
        wan = () if head is None else head.wan.detector.snapshot()
        members = Members(self.agent.lan.detector.snapshot(), wan)
        self._disk.loaded = replace(self._disk.loaded, members=members)

    def _save(self) -> None:
        state, trusted = self.agent.kept(self._world.agenda.now), self.agent.trusted
        self._disk.loaded = replace(self._disk.loaded, state=state, trusted=trusted)

    # --- what the machine orders --------------------------------------------------------------

    def _perform(self, effects: Iterable[Effect]) -> None:
        self._deadline = None
        effects = list(effects)
        if any(isinstance(each, StateChanged) for each in effects):
            self._save()
        for effect in effects:
            if isinstance(effect, ToPool):
                self._to_pool(effect.pool, effect.order)
            elif isinstance(effect, Noted):
                self.facts.append((self._world.agenda.now, effect.fact))
                del self.facts[:-FACTS_MAX]
            elif not isinstance(effect, StateChanged):
                self._obey(effect)

    def _to_pool(self, pool: Pool, order: pool_events.Order) -> None:
        network = self._world.network
        match order:
            case pool_events.SendDatagram():
                network.send(self, pool, order)
            case pool_events.SendRequest():
                network.request(self, pool, order)
            case pool_events.SendResponse():
                network.respond(self, order)
            case pool_events.ConnectNode(connect, address, timeout):

                def tried(answered: bool) -> None:
                    self.receive(pool, pool_events.ConnectFinished(connect, answered))

                self._connect(address.rpartition(":")[0], timeout, tried)

    def _connect(self, host: str, timeout: Duration, done: Callable[[bool], None]) -> None:
        answers = self._world.answers(self, host)
        delay = self._world.network.delay(self, self.cluster) if answers else timeout
        self._world.agenda.after(delay, lambda: done(answers))

    def _obey(self, effect: events.Order) -> None:
        match effect:
            case events.WriteRequested(number, step):
                self._write(number, step)
            case events.LeaseWriteRequested(number, write):
                told = partial(self._lease_told, number)
                self.client.write(lambda: self._apply(write, force=True), told)
            case events.HolderAsked(holder):
                self.client.write(lambda: None, lambda _, error: self._end_told(holder, error))
            case events.BridgeBegan() | events.BridgeEnded():
                head = self.agent.head
                self._wan_authority = None if head is None else head.authority
            case events.WordSaid(ApplyStatus() as status):
                self.client.write(lambda: self._state(status), lambda _, __: None)
            case events.KindsWanted(kinds):
                self.client.want(kinds)
            case events.ListRequested(request, kinds):
                self.client.list_afresh(request, kinds)
            case _:
                self._say(effect)

    def _say(self, effect: events.Order) -> None:
        match effect:
            case events.ReportWanted(request, path):
                body = encode_answer(Answer(200, f"{self.place}{path}".encode()))
                self._world.network.respond(self, pool_events.SendResponse(request, body))
            case events.LocalAnswered(number):
                self.answered[number] = effect
            case events.CertificatesWanted(start):
                self.credentials.rise(start, self._world.agenda.wall_ms())
                self._disk.loaded = replace(self._disk.loaded, start=self.credentials.start)
                # After everything else of this turn, as in a task of its own.
                self._world.agenda.after(0, self._tell_certificates)
            case ConnectRequested(attempt, _, address, _, timeout):
                self._connect(address, timeout, lambda a: self.give(PathTried(attempt, a)))
            case events.TrustAltered():
                self._known.clear()
            case events.Stopped():
                self._save()
                self.has_stopped = True
                self.kill()
            case _:
                self.facts.append((self._world.agenda.now, effect))

    # --- writing ------------------------------------------------------------------------------

    def _write(self, number: int, step: Step) -> None:
        def work() -> Document | None:
            found = self._do(step)
            self._world.wrote(self, step)
            return found

        def done(document: Document | None, error: StoreError | None) -> None:
            why, words = (None, "") if error is None else (error_of(error), str(error))
            self.give(WriteFinished(number=number, error=why, words=words, document=document))

        self.client.write(work, done)

    def _do(self, step: Step) -> Document | None:
        match step:
            case Apply():
                return self._apply(step)
            case Delete(key, _, if_version):
                return self.client.delete(key, if_version)
            case ApplyStatus():
                return self._state(step)

    def _apply(self, write: Apply, *, force: bool = False) -> Document:
        shelf = self._world.api(self.cluster).shelf
        return shelf.apply(write.document, if_version=write.if_version, force=force)

    def _state(self, status: ApplyStatus) -> Document:
        version = status.api_version.rpartition("/")[2]
        return self._world.api(self.cluster).shelf.apply_status(status.key, version, status.status)

    def _lease_told(self, number: int, document: Document | None, _: StoreError | None) -> None:
        self.give(events.LeaseWriteFinished(number, document))

    def _end_told(self, holder: str, error: StoreError | None) -> None:
        if error is None and self._world.has_ended(holder):
            self.give(events.HolderEnded(holder))
