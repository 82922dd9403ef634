"""The writer's laws, for any sequence of changes, answers, losses of the lease and wipes."""

from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.drivers.writer import Writer
from agent.drivers.writer_config import WriterConfig
from agent.drivers.writer_events import (
    DriverChosen,
    FrozenChanged,
    MayWriteChanged,
    Perform,
    Synchronised,
    WriteError,
)
from agent.objects import SERVICE, ObjectKey
from failure_detect.clock import NEVER, SECOND
from tests.agent.drivers.bench import API, BANK, WEB, Bench, bare, keys_of

CONFIG = WriterConfig(in_flight=3)
SERVICES = st.sampled_from((WEB, API, BANK))
ADDRESSES = st.lists(st.sampled_from(("10.0.0.1", "10.0.0.2", "10.0.0.3")), unique=True)
BYSTANDERS = tuple(ObjectKey(SERVICE, namespace, "bystander") for namespace in ("shop", "bank"))
GAPS = st.integers(0, 3 * SECOND)


class WriterMachine(RuleBasedStateMachine):
    """A writer, its view, a store that answers late or not, and somebody who wipes objects."""

    @initialize(is_lagging=st.booleans())
    def begin(self, is_lagging: bool) -> None:
        self.bench = Bench(CONFIG, is_lagging=is_lagging)
        self.until = NEVER
        self.frozen = False
        self.checked = 0
        self.wipes = 0

    @rule(name=SERVICES, addresses=ADDRESSES)
    def view_changes(self, name: object, addresses: list[str]) -> None:
        assert name in (WEB, API, BANK)
        self.bench.touch(next(e for e in (WEB, API, BANK) if e == name), *sorted(addresses))

    @rule(gap=GAPS)
    def time_passes(self, gap: int) -> None:
        self.bench.run_to(self.bench.now + gap, answers=False)

    @precondition(lambda self: self.bench.at_store)
    @rule(data=st.data(), error=st.sampled_from((None, None, None, *WriteError)))
    def the_store_answers(self, data: st.DataObject, error: WriteError | None) -> None:
        number = data.draw(st.sampled_from(sorted(self.bench.at_store)))
        self.bench.answer(number, error, "words")

    @rule()
    def the_mirror_catches_up(self) -> None:
        self.bench.show()

    @rule(seconds=st.integers(0, 20))
    def the_lease_is_renewed_or_lost(self, seconds: int) -> None:
        self.until = self.bench.now + seconds * SECOND if seconds < 20 else NEVER
        self.bench.tell(MayWriteChanged(may=seconds > 0, until=self.until))

    @rule()
    def somebody_freezes_or_lifts(self) -> None:
        self.frozen = not self.frozen
        self.bench.tell(FrozenChanged(self.frozen, "test"))

    @precondition(lambda self: self.bench.store)
    @rule(data=st.data())
    def somebody_wipes_an_object(self, data: st.DataObject) -> None:
        self.wipes += 1
        self.bench.others(data.draw(st.sampled_from(sorted(self.bench.store))), None)

    @precondition(lambda self: not self.bench.at_store)
    @rule()
    def the_process_starts_again(self) -> None:
        bench = self.bench
        bench.show()
        bench.writer = Writer(bench.reader, bench.mirror, CONFIG, Random(2))
        bench.reader.touched.clear()
        self.until, self.frozen = NEVER, False
        bench.begun.clear()
        bench.tell(DriverChosen(bench.driver))
        bench.tell(MayWriteChanged(may=True))
        bench.tell(Synchronised())

    @invariant()
    def nothing_is_begun_without_a_lease_or_while_frozen(self) -> None:
        performed = [each for each in self.bench.effects if isinstance(each, Perform)]
        if len(performed) > self.checked:
            assert not self.frozen
            assert self.bench.now < self.until
        self.checked = len(performed)

    @invariant()
    def endpoints_never_stand_without_their_service_by_our_doing(self) -> None:
        if self.wipes:
            return
        for name in (WEB, API, BANK):
            service, endpoints = keys_of(name)
            assert endpoints not in self.bench.store or service in self.bench.store

    def teardown(self) -> None:
        """Whatever happened: in the end the store has what is wanted, and it is quiet."""
        if not hasattr(self, "bench"):
            return
        bench = self.bench
        bench.answer_all()
        bench.tell(FrozenChanged(is_frozen=False))
        bench.tell(MayWriteChanged(may=True))
        for bystander in BYSTANDERS:  # What was refused is tried again when something changes.
            bench.others(bystander, {"metadata": {"name": "bystander"}})
        for _ in range(40):
            bench.run_to(bench.now + 60 * SECOND)
            bench.show()
        assert _ours(bench) == bench.wanted()
        count = len(bench.begun)
        bench.run_to(bench.now + 3_600 * SECOND)
        assert len(bench.begun) == count


def _ours(bench: Bench) -> dict[ObjectKey, object]:
    mine = ((key, each) for key, each in bench.store.items() if key not in BYSTANDERS)
    return {key: bare(document) for key, document in mine}


TestWriter = WriterMachine.TestCase


class PaceMachine(RuleBasedStateMachine):
    """A writer whose store does everything at once: when does it write?"""

    @initialize()
    def begin(self) -> None:
        self.bench = Bench(WriterConfig(in_flight=3))

    @rule(name=SERVICES, address=st.integers(1, 200), gap=st.integers(0, SECOND))
    def view_changes(self, name: object, address: int, gap: int) -> None:
        chosen = next(each for each in (WEB, API, BANK) if each == name)
        before = len(self.bench.begun)
        last = self.bench.begun[-1][0] if self.bench.begun else -NEVER
        self.bench.touch(chosen, f"10.0.0.{address}")
        self.bench.answer_all()
        if self.bench.now - last >= CONFIG.pacing.silence:
            assert self.bench.stored() == self.bench.wanted()
        else:
            assert len(self.bench.begun) == before
        self.bench.run_to(self.bench.now + gap)

    @invariant()
    def bursts_are_short_and_the_silence_between_them_is_long(self) -> None:
        times = sorted({at for at, _ in self.bench.begun})
        begun = -NEVER
        last = -NEVER
        for at in times:
            if at - last >= CONFIG.pacing.silence:
                begun = at
            assert at - begun < CONFIG.pacing.burst
            last = at

    @invariant()
    def no_change_waits_for_longer_than_the_silence(self) -> None:
        if self.bench.stored() != self.bench.wanted():
            assert self.bench.now - self.bench.begun[-1][0] < CONFIG.pacing.silence


TestPace = PaceMachine.TestCase
