"""One agent, from its settings until it is told to stop.

Two signals: SIGTERM (or SIGINT) stops it gracefully, and a second one at once; SIGHUP has it read
its settings and keys again. What may change without a restart is said where it is read.
"""

import gc
import signal
from collections.abc import Callable, Iterable
from functools import partial
from typing import assert_never

import trio

from agent.core import events
from agent.core.events import Event, Noted
from agent.core.office import Answer, encode_answer
from agent.drivers.plan import Step
from agent.drivers.writer_events import Settled, WriteError
from agent.local.facts import AgentAlarm, Fault
from agent.local.listening import read_listen
from agent.local.metrics import Metrics
from agent.local.questions import answered
from agent.local.server import serve
from agent.process import clock, entropy
from agent.process.asking import Asking
from agent.process.chartering import cluster_settings
from agent.process.faults import FaultBook, of_clock, of_object, of_store
from agent.process.feeds import Feeds
from agent.process.inbox import SIZE, sink_of
from agent.process.log import Log
from agent.process.loop import drive
from agent.process.observing import Observer, Surroundings
from agent.process.performing import Ears, Hands, Performer, Turn
from agent.process.preparing import Prepared
from agent.process.reloading import Reloading
from agent.process.renewing import Renewing
from agent.process.saving import Saving
from agent.process.seeding import Seeding
from agent.process.storing import Storing
from agent.settings_file import Settings
from agent.store import StoreError
from agent.transport.settings import TransportSettings
from agent.transport.transport import Transport
from agent.wire.effects import Refused
from agent.wire.header import Pool
from agent.wire.sealing import Credentials as WireCredentials
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.identity import Address

CLOCK_EVERY_S = 5.0
REGISTER_AGAIN_S = 5.0
SAID_EVERY: Duration = 60 * SECOND
"""How often the same refusal, or a write that fails for the same reason, is logged; all are
counted."""


class Running:
    """One agent that runs."""

    def __init__(self, prepared: Prepared, log: Log) -> None:
        """Put it together; nothing is opened yet."""
        self._prepared, self._log = prepared, log
        self._agent, self._settings = prepared.agent, prepared.settings
        self._send, self._receive = trio.open_memory_channel[Event](SIZE)
        self._stopping = trio.Event()
        self._driving = trio.CancelScope()
        self._said: dict[str, Instant] = {}
        config = prepared.settings.config
        self._transport = Transport(
            prepared.credentials.member,
            TransportSettings(
                listen=Address(config.listen),
                is_refusal_silence=config.detector.preset == "loopback",
            ),
            sink_of(self._send),
            entropy=entropy.secret,
            clock=clock.now,
            notice=self._wire_refused,
        )
        self._saving = Saving(prepared.folder)
        self._storing = Storing(
            prepared.store,
            prepared.settings.node,
            clock.wall_ms,
            self._wrote,
            self._unwritten,
            self._may_write,
        )
        self._feeds = Feeds(prepared.store, self._send, entropy.dice(), clock.now)
        self._seeding = Seeding(config.seeds, self._send)
        self._renewing = Renewing(
            prepared.settings,
            prepared.credentials,
            self._saving,
            self._send,
            clock.wall_ms,
            self._renewed,
        )
        self._reloading = Reloading(prepared.settings, self._apply, log.say)
        self._book = FaultBook(self._all_faults, log, clock.now)
        around = self._surroundings()
        self._observer = Observer(self._agent, self._storing, around, prepared.version)
        self._metrics = Metrics(self._observer.facts)
        self._asking = Asking(self._observer.facts, self._send)

    def _surroundings(self) -> Surroundings:
        config = self._settings.config
        return Surroundings(
            clock=clock.now,
            wall_ms=clock.wall_ms,
            transport=self._transport.statistics,
            listens=config.listen,
            store=f"directory {config.store.directory}",
            faults=lambda: self._book.dated(self._faults()),
            store_faults=lambda: self._book.dated(self._store_faults()),
            alarms=self._alarms,
        )

    # --- running ----------------------------------------------------------------------------

    async def run(self, announce: Callable[[str, str], None]) -> None:
        """Run until it is told to stop; `announce` is told where it listens, once it does.

        Raises `ListenError` (of the transport, or of the local port) where a port cannot be had.
        """
        async with trio.open_nursery() as nursery:
            where = await nursery.start(self._transport.run)
            listen = read_listen(self._settings.config.http)
            local = await nursery.start(
                partial(serve, stopping=self._stopping), listen, self._asking, self._metrics
            )
            announce(str(where), local)
            self._open(Pool.LAN)
            for task in (
                self._feeds.run,
                self._seeding.run,
                self._renewing.run,
                self._book.run,
                self._tell_time,
                self._register,
                partial(self._saving.run, self._agent, clock.now),
                self._heed_signals,
            ):
                nursery.start_soon(task)
            performer = Performer(self._agent, self._hands(nursery), self._ears())
            await performer.perform(self._agent.begin(clock.now()))
            # What the start has made stays: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            with self._driving:
                await drive(self._agent, self._receive, performer.perform, clock.now)
            await self._saving.save(self._agent, clock.now())
            await self._saving.save_members(self._agent)
            nursery.cancel_scope.cancel()

    def _hands(self, nursery: trio.Nursery) -> Hands:
        return Hands(
            transport=self._transport,
            storing=self._storing,
            saving=self._saving,
            feeds=self._feeds,
            inbox=self._send,
            nursery=nursery,
            clock=clock.now,
        )

    def _ears(self) -> Ears:
        return Ears(
            noted=self._noted,
            changed=self._changed,
            answered=self._asking.answered,
            report=self._report,
            certificates=self._renewing.make,
        )

    async def _register(self) -> None:
        """Let others know that this process lives: who succeeds it need not wait then."""
        while True:
            try:
                await self._prepared.store.register(self._agent.charter.holder)
            except StoreError:
                await trio.sleep(REGISTER_AGAIN_S)  # The store's own fault says why.
            else:
                return

    async def _tell_time(self) -> None:
        while True:
            await self._send.send(events.ClockRead(clock.wall_ms()))
            await trio.sleep(CLOCK_EVERY_S)

    async def _heed_signals(self) -> None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
            async for number in received:
                self._log.say("info", "signal_received", {"signal": signal.Signals(number).name})
                if number == signal.SIGHUP:
                    self._renewing.read_again()
                    await self._reloading.read_again()
                elif self._stopping.is_set():
                    self._driving.cancel()
                else:
                    self._stopping.set()
                    seconds = self._settings.config.stop_within / SECOND
                    self._driving.deadline = trio.current_time() + seconds
                    await self._send.send(events.StopRequested())

    async def _apply(self, settings: Settings) -> None:
        """Take what may change while the agent runs, and nothing else."""
        self._log.use_level(settings.config.log.level)
        self._seeding.use(settings.config.seeds)
        facts = cluster_settings(settings, self._prepared.version)
        await self._send.send(events.SettingsChanged(facts))

    # --- what the core says -------------------------------------------------------------------

    def _noted(self, noted: Noted) -> None:
        self._log.fact(noted.fact, noted.pool)
        if isinstance(noted.fact, Settled):
            self._metrics.observe_applied(noted.fact.latency / SECOND)

    def _changed(self, turn: Turn) -> None:
        match turn:
            case events.BridgeBegan():
                self._open(Pool.WAN)
            case events.BridgeEnded():
                self._transport.close(Pool.WAN)
            case events.Stopped():
                self._driving.cancel()
            case _:
                assert_never(turn)
        self._log.fact(turn)

    def _open(self, pool: Pool) -> None:
        agent, keys = self._agent, self._prepared.credentials.signer
        head = agent.head
        if pool is Pool.LAN:
            certificate, authority = agent.certificates.lan, agent.lan_authority
        else:
            assert head is not None
            assert agent.certificates.wan is not None
            certificate, authority = agent.certificates.wan, head.authority
        self._transport.open(
            pool, WireCredentials(keys=keys, certificate=certificate, authority=authority)
        )

    def _renewed(self, made: events.CertificatesMade) -> None:
        self._transport.renew(Pool.LAN, made.lan)
        if self._agent.head is not None and made.wan is not None:
            self._transport.renew(Pool.WAN, made.wan)

    def _report(self, asked: events.ReportWanted) -> bytes:
        status, body = answered(asked.path, asked.query, self._observer.facts())
        return encode_answer(Answer(status, body))

    def _may_write(self) -> bool:
        head = self._agent.head
        return head is not None and head.lease.holds(clock.now())

    def _wrote(self, step: Step, error: WriteError | None) -> None:
        self._observer.wrote(step, error)
        self._log.say(
            "info" if error is None else "warning",
            "object_written" if error is None else "write_failed",
            {"object": str(step.key), "how": type(step).__name__.lower(), "error": error},
        )

    def _unwritten(self, what: str, why: str) -> None:
        if self._is_news(f"{what}: {why}"):
            self._log.say("warning", "word_not_written", {"what": what, "why": why})

    def _wire_refused(self, refused: Refused) -> None:
        if self._is_news(refused.reason):
            self._log.fact(refused)

    def _is_news(self, words: str) -> bool:
        """Tell whether the same was not logged within the last minute."""
        now = clock.now()
        self._said = {each: at for each, at in self._said.items() if now - at < SAID_EVERY}
        if words in self._said:
            return False
        self._said[words] = now
        return True

    def _all_faults(self) -> tuple[Fault, ...]:
        return (*self._faults(), *self._store_faults())

    def _store_faults(self) -> tuple[Fault, ...]:
        head, directory = self._agent.head, self._settings.config.store.directory
        files = (of_store(directory, each) for each in self._prepared.store.faults())
        objects = () if head is None else head.sources.problems()
        return (*files, *map(of_object, objects))

    def _faults(self) -> tuple[Fault, ...]:
        folder = (Fault(str(each.file), each.what, each.remedy) for each in self._saving.faults)
        seeds = (
            Fault(f"seeds: {each}", "the name is not found", "correct it, or the name service")
            for each in self._seeding.missing
        )
        keys, read = self._renewing.faults, self._reloading.faults
        return (*folder, *seeds, *self._clock_faults(), *keys, *read)

    def _clock_faults(self) -> Iterable[Fault]:
        head = self._agent.head
        if head is None:
            return ()
        own = self._agent.charter.own
        held = (each.manifest for each in head.bridge.catalog)
        others = (each for each in held if each.origin != own)  # Of ours the publisher knows more.
        tolerance_ms = self._settings.machines.publisher.clock_tolerance_ms
        return of_clock(others, clock.wall_ms(), tolerance_ms)

    def _alarms(self) -> tuple[AgentAlarm, ...]:
        return tuple(AgentAlarm("keys", words) for words in self._renewing.problems())
