"""The writer: brings what the view wants into the store, by the driver's plans.

A machine without clock or dice: it is told what changed, and says what to write. Rules:

1. Nothing is begun unless we are the publisher, within the lease, not frozen, with a driver that
   knows all the kinds that it reads. That is looked at before every single write.
2. The writes of a group are done in order, the next when the one before is done (`progress`).
   Where one fails, the rest is planned anew from what is there by then (`retries`).
3. Plans are made from the mirror with our own writes laid over it (`overlay`).
4. Bursts keep the pace of `pacing`. What others altered is restored at once, within limits
   (`contests`). What a burst has no time for is planned anew in the next.
5. A new publisher withdraws nothing because of a guess (`start_guard`).

Steps that must come in an order (fill a leaf, move the weights, empty the old leaf) follow each
other without waiting for a push in between. A push sends one snapshot of all objects, whenever it
is made, so what counts is that every prefix of a group's writes is a state that may stay: that is
what drivers promise, and what a crash between two writes needs anyway. A wait of one push for each
step would make every move three times as slow, and would protect nothing.

Whoever stops being publisher stops in the middle of a group, and whoever starts, or starts again,
plans everything from what is there.
"""

from collections.abc import Iterable
from random import Random
from typing import TypeAlias, assert_never

from agent.drivers import writer_events as events
from agent.drivers.admission import Admission, Trouble
from agent.drivers.findings import Finding, records_of
from agent.drivers.overlay import Overlay
from agent.drivers.pacing import Pacer
from agent.drivers.plan import Driver, Group, services_touched
from agent.drivers.progress import Progress
from agent.drivers.showing import Showing
from agent.drivers.wishes import Wishes
from agent.drivers.writer_config import Reader, WriterConfig, WriterStatistics
from agent.drivers.writer_events import Effect, Event, WriteError
from agent.mirror import Mirror
from agent.objects import CRD, MESH_CONFIG, NAMESPACE, SECRET, Kind, ObjectKey, is_ours
from discovery.names import ServiceName
from failure_detect.clock import NEVER, Instant

_Order: TypeAlias = events.MayWriteChanged | events.FrozenChanged | events.DriverChosen

_OF_THE_MESH = (CRD, MESH_CONFIG, SECRET)
"""What every service hangs on."""


class Writer:
    """Writes for one cluster's mesh."""

    def __init__(
        self, reader: Reader, mirror: Mirror, config: WriterConfig, rng: Random, first: int = 0
    ) -> None:
        """Be no publisher, have no driver, and take nothing for synchronised.

        Steps are numbered from above `first`: no answer to an earlier writer's is taken for ours.
        """
        self._reader, self._config = reader, config
        self._overlay = Overlay(mirror)
        self._pacer = Pacer(config.pacing)
        self._progress = Progress(config.in_flight, first)
        self._admission = Admission(self._overlay, reader, rng)
        self._wishes, self._showing = Wishes(), Showing()
        self._driver: Driver | None = None
        self.why_no_driver = "no driver was chosen yet"
        """Empty where there is one."""
        self._may, self._until, self._since = False, NEVER, -NEVER
        self.why_frozen = ""
        """Empty where nothing is frozen."""
        self._synchronised = False
        self._owners: dict[ObjectKey, tuple[ServiceName, ...]] = {}
        """For which services an object was written by us."""
        self._left: set[ServiceName] = set()
        """Services for which a burst had no time."""
        self._batch_since: Instant = NEVER
        """When the view was touched that is being written; `NEVER` of none."""
        self._batch_is_clean, self._batch_wrote = True, False
        self._as_of: Instant = -NEVER
        """When the view's diff was taken last, of what is planned for the store."""
        self._applied: events.Applied | None = None
        self._troubles: dict[ServiceName, tuple[Trouble, ...]] = {}
        self._planned_at: Instant = -NEVER
        self._now: Instant = -NEVER
        self._effects: list[Effect] = []
        self._plans = self._bursts = self._writes = 0
        self._failures = dict.fromkeys(WriteError, 0)

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        at = min(self._overlay.deadline, self._admission.expiry, self._due_at(), self._until)
        if self._progress.has_more:
            at = min(at, self._pacer.closes_at)
        if self._admission.held and not self._is_settled:
            at = min(at, self._since + self._config.settle)
        return at

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take one thing in."""
        self._pass(now)
        match event:
            case events.Touched():
                self._wishes.view(self._now)
            case events.ObjectsChanged(keys):
                self._on_objects(keys)
            case events.KindListed(kind, begun_at):
                self._on_all_altered(self._overlay.listed(kind, begun_at))
            case events.WriteFinished():
                self._on_finished(event)
            case events.Synchronised():
                self._synchronised = True
                self._wishes.services(self._admission.held, self._now)
            case _:
                self._on_order(event)
        return self._work()

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due."""
        self._pass(now)
        return self._work()

    def _pass(self, now: Instant) -> None:
        was_settled = self._is_settled
        self._now = max(self._now, now)
        if self._now >= self._until:
            self._set_until(-NEVER)
        self._on_all_altered(self._overlay.expire(self._now))
        self._admission.expire(self._now)
        if self._is_settled and not was_settled:
            self._wishes.services(self._admission.held, self._now)

    # --- who may write -------------------------------------------------------------------

    def _on_order(self, order: _Order) -> None:
        match order:
            case events.MayWriteChanged(may, until):
                self._set_until(until if may else -NEVER)
            case events.FrozenChanged(is_frozen, why):
                was_frozen = bool(self.why_frozen)
                self.why_frozen = (why or "no reason given") if is_frozen else ""
                if is_frozen != was_frozen:
                    self._start_over()
            case events.DriverChosen(driver, why):
                self.why_no_driver = "" if driver is not None else why or "no reason given"
                if driver is not self._driver:
                    self._driver = driver
                    self._showing.forget()
                    self._start_over()
            case _:
                assert_never(order)

    def _set_until(self, until: Instant) -> None:
        """Take until when we may write; what is over means not at all."""
        may = until > self._now
        self._until = until if may else NEVER
        if may != self._may:
            self._may, self._since = may, self._now
            self._start_over()

    def _start_over(self) -> None:
        """Begin nothing more of what is under way, and plan all anew when that may be."""
        self._progress.stop()
        self._admission.clear()
        self._showing.show_nothing()
        self._left.clear()
        self._as_of, self._applied, self._batch_since = -NEVER, None, NEVER
        self._wishes.all(self._now)

    # --- what changed in the store -------------------------------------------------------

    def _on_objects(self, keys: Iterable[ObjectKey]) -> None:
        reads = frozenset[Kind]() if self._driver is None else self._driver.reads
        known = (key for key in keys if key.kind in reads)
        self._on_all_altered([key for key in known if self._overlay.changed(key, self._now)])

    def _on_all_altered(self, keys: Iterable[ObjectKey]) -> None:
        for key in keys:
            self._on_altered(key)

    def _on_altered(self, key: ObjectKey) -> None:
        """Others did something to an object that the driver reads, maybe to one of ours."""
        look = max(self._now, self._planned_at + self._config.look_every)
        if key.kind in _OF_THE_MESH:
            self._admission.changed(None)
            self._wishes.all(look)
            return
        namespace = key.name if key.kind == NAMESPACE else key.namespace
        document = self._overlay.get(key) or {}
        concerned = services_touched(key, document) or frozenset()
        concerned |= set(self._owners.get(key, ()))
        self._admission.changed(namespace)
        self._wishes.namespace(namespace, look)
        self._wishes.services(concerned, look)
        if key in self._owners or is_ours(document):
            at = self._admission.altered(key, concerned, self._now)
            self._wishes.urgent(concerned, at)

    # --- what is to be done --------------------------------------------------------------

    @property
    def _shows_only(self) -> bool:
        return bool(self.why_frozen) or self._config.is_dry_run

    @property
    def _is_settled(self) -> bool:
        return self._now >= self._since + self._config.settle

    def _due_at(self) -> Instant:
        """Return when the next plan is due; `NEVER` while none can be made."""
        driver = self._driver
        if driver is None or not (self._may or self._config.is_dry_run):
            return NEVER
        if not self._progress.is_idle or not all(map(self._overlay.knows, driver.reads)):
            return NEVER
        return min(self._ordinary_at(), self._urgent_at())

    def _ordinary_at(self) -> Instant:
        at = self._wishes.ordinary_at
        return max(at, self._pacer.opens_at(is_urgent=False, now=self._now))

    def _urgent_at(self) -> Instant:
        retry = NEVER if self._shows_only else self._admission.deadline
        at = min(self._wishes.urgent_at, retry)
        if at >= NEVER:
            return NEVER
        at = max(at, self._now)
        return max(at, self._pacer.opens_at(is_urgent=True, now=at))

    def _work(self) -> list[Effect]:
        self._go_on()
        if self._due_at() <= self._now:
            self._plan()
            self._go_on()
        self._report()
        effects, self._effects = self._effects, []
        return effects

    def _plan(self) -> None:
        driver = self._driver
        assert driver is not None
        planned = self._take_wishes()
        self._plans += 1
        self._planned_at = self._now
        plan = driver.plan(self._reader, self._overlay, planned)
        if plan.waits_for:  # Nothing was concluded, so nothing is settled.
            again = self._now + self._config.look_every
            self._wishes.all(again) if planned is None else self._wishes.services(planned, again)
            return
        self._left.difference_update(self._left if planned is None else planned)
        self._showing.conditions(plan.conditions, planned)
        if self._shows_only:
            self._showing.show(plan.groups, planned)
            return
        admitted = self._admission.admit(
            plan.groups,
            planned,
            self._now,
            is_synchronised=self._synchronised,
            is_settled=self._is_settled,
        )
        self._progress.start(admitted)
        if not self._progress.is_idle:
            self._pacer.begin(self._now)
            self._bursts += 1

    def _take_wishes(self) -> frozenset[ServiceName] | None:
        """Return which services are to be planned now; None for all."""
        names = self._wishes.take_urgent(self._now) | self._admission.due(self._now)
        if self._ordinary_at() > self._now:
            return frozenset(names)
        is_everything = self._wishes.everything
        self._batch_since = min(self._batch_since, self._wishes.view_since)
        known = () if is_everything else self._reader.services()
        names |= self._wishes.take_ordinary(known)
        names.update(self._reader.take_diff().services)
        self._as_of = self._now
        return None if is_everything else frozenset(names)

    def _go_on(self) -> None:
        """Begin the next writes of what is under way, or leave the rest for the next burst."""
        if self._progress.is_idle:
            return
        if not self._pacer.is_open(self._now):
            for group in self._progress.stop():
                self._left.update(group.services)
                self._wishes.services(group.services, self._now)
        while (begun := self._progress.next()) is not None:
            number, group, step = begun
            self._owners[step.key] = group.services
            self._overlay.begin(step.key)
            self._admission.begun(step, self._now)
            self._pacer.note(self._now)
            self._writes += 1
            self._batch_wrote = True
            self._effects.append(events.Perform(number, step))

    def _on_finished(self, finished: events.WriteFinished) -> None:
        answered = self._progress.answered(finished.number, is_done=finished.error is None)
        if answered is None:
            return
        self._pacer.note(self._now)
        step, error = answered.step, finished.error
        if error is None:
            self._overlay.wrote(step.key, finished.document, self._now)
            if answered.is_last:
                self._admission.done(answered.group)
            return
        self._failures[error] += 1
        self._batch_is_clean = False
        self._overlay.failed(step.key)
        self._admission.failed(answered.group, step, error, finished.words, self._now)
        if error is WriteError.UNAVAILABLE:  # Nor would it do the others.
            for group in self._progress.stop():
                self._admission.failed(group, step, error, finished.words, self._now)

    # --- what is to be told --------------------------------------------------------------

    def _report(self) -> None:
        if self._progress.is_idle:
            self._pacer.end()
            self._report_settled()
        self._report_conditions()
        if self._showing.take_groups_changed():
            self._effects.append(events.Planned(self._showing.groups()))

    def _report_settled(self) -> None:
        if self._as_of == -NEVER or self._shows_only or self._left:
            return
        applied = events.Applied(self._as_of, tuple(sorted(self._admission.waiting)))
        if applied != self._applied:
            self._applied = applied
            self._effects.append(applied)
        if self._batch_since < NEVER and self._batch_wrote and self._batch_is_clean:
            self._effects.append(events.Settled(self._now - self._batch_since))
        self._batch_since, self._batch_wrote, self._batch_is_clean = NEVER, False, True

    def _report_conditions(self) -> None:
        before, self._troubles = self._troubles, self._admission.troubles()
        changed: dict[ServiceName, tuple[Finding, ...]] = {
            name: (*conditions, *before.get(name, ()))
            for name, conditions in self._showing.take_changed().items()
        }
        for name in before.keys() | self._troubles.keys():
            if before.get(name) != self._troubles.get(name):
                changed.setdefault(name, (*self._showing.of(name), *before.get(name, ())))
        for name, said in sorted(changed.items()):
            words = records_of(name, said, self.findings(name), self._overlay)
            self._effects += map(events.Say, words)
        if changed:
            self._effects.append(events.ConditionsChanged(tuple(sorted(changed))))

    # --- what may be asked ---------------------------------------------------------------

    def findings(self, name: ServiceName) -> tuple[Finding, ...]:
        """Return what is to be known of a service: the driver's conditions, then troubles."""
        return (*self._showing.of(name), *self._troubles.get(name, ()))

    def concerns(self) -> dict[ServiceName, tuple[Finding, ...]]:
        """Return the findings of all services that have any, by name."""
        names = {name for name, found in self._showing.all().items() if found}
        return {name: self.findings(name) for name in sorted(names | self._troubles.keys())}

    def planned(self) -> tuple[Group, ...]:
        """Return what would be written if we were let: in dry run, and while frozen."""
        return self._showing.groups()

    def statistics(self) -> WriterStatistics:
        """Return what was done, and what waits."""
        return WriterStatistics(
            plans=self._plans,
            bursts=self._bursts,
            writes=self._writes,
            failures=dict(self._failures),
            restored=self._admission.restored,
            in_flight=self._progress.in_flight,
            waiting=len(self._admission.waiting | self._left),
        )

    def check_invariants(self) -> None:
        """Assert that nothing is left to begin where nothing may be."""
        if not self._may or self._shows_only:
            assert not self._progress.has_more
        assert self._until == NEVER or self._may
        assert self._admission.held <= self._admission.waiting
