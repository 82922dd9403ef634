"""Which groups of a plan may be begun now, and what is the matter with services that wait."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from agent.drivers.contests import Contests
from agent.drivers.plan import Group, Step
from agent.drivers.retries import Retries
from agent.drivers.start_guard import Standings, why_held
from agent.drivers.writer_events import WriteError
from agent.mirror import Mirror
from agent.objects import ObjectKey
from discovery.names import Origin, ServiceName
from failure_detect.clock import NEVER, SECOND, Instant

_NOBODY = Origin("")


class TroubleReason(StrEnum):
    """Why what is wanted of a service is not in the store; also the reason of a condition."""

    WITHDRAWAL_HELD = "WithdrawalHeld"
    """The publisher is new and does not know yet that it may withdraw (`start_guard`)."""
    CONTESTED = "Contested"
    """Others go on altering an object of ours."""
    WRITE_REFUSED = "WriteRefused"
    """The store refuses an object as invalid."""
    WRITE_FAILING = "WriteFailing"
    """The store does not answer, does not let us, or has another version; it is tried again."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One of them, and the words: what happened, and what to do."""

    reason: TroubleReason
    what: str
    origin: Origin = _NOBODY
    """Whom it is about, where it is about one."""


class Admission:
    """Lets groups pass, or has them wait."""

    def __init__(self, mirror: Mirror, standings: Standings, rng: Random) -> None:
        """Have nobody wait. `mirror` shows our own writes."""
        self._mirror, self._standings = mirror, standings
        self._retries, self._contests = Retries(rng), Contests()
        self._held: dict[ServiceName, str] = {}
        self._contested: dict[ServiceName, Instant] = {}
        self._ripening: list[tuple[Group, Instant]] = []
        """Groups that must be in every plan for a while, and when that will have been."""
        self._altered: dict[ObjectKey, frozenset[ServiceName]] = {}
        self.restored = 0
        """Objects that were written again after others had altered them."""

    # --- what it is told -----------------------------------------------------------------

    def clear(self) -> None:
        """Let all that waits be tried anew; what others altered of late is remembered."""
        self._retries.clear()
        self._held.clear()
        self._contested.clear()
        self._ripening.clear()

    def changed(self, namespace: str | None) -> None:
        """Note that something in a namespace, or (None) of the mesh itself, is not as it was."""
        self._retries.touched(namespace)

    def altered(self, key: ObjectKey, concerned: Iterable[ServiceName], now: Instant) -> Instant:
        """Note that others altered an object of ours; return when it may be restored."""
        self._altered[key] = frozenset(concerned)
        return max(now, self._contests.may_restore_at(key))

    def begun(self, step: Step, now: Instant) -> None:
        """Note that a step was begun: what others altered is being restored by it."""
        if step.key in self._altered:
            del self._altered[step.key]
            self._contests.restored(step.key, now)
            self.restored += 1

    def done(self, group: Group) -> None:
        """Note that the last step of a group was done."""
        self._retries.done(group.services)
        self._ripening = [each for each in self._ripening if each[0] != group]

    def failed(self, group: Group, step: Step, error: WriteError, words: str, now: Instant) -> None:
        """Note that a step of a group was not done, and the rest of it is not tried."""
        self._retries.failed(group, step, error, words, now)

    # --- what it decides -----------------------------------------------------------------

    def admit(
        self,
        groups: Sequence[Group],
        planned: frozenset[ServiceName] | None,
        now: Instant,
        *,
        is_synchronised: bool,
        is_settled: bool,
    ) -> list[Group]:
        """Return the groups that may be begun; what is the matter with the others is kept.

        `planned` are the services that the plan is about, None for all. Those of them of which it
        wants nothing are as they should be.
        """
        self._forget(planned, groups)
        admitted = []
        for group in groups:
            why = why_held(
                group,
                self._mirror,
                self._standings,
                is_synchronised=is_synchronised,
                is_settled=is_settled,
            )
            contested_until = self._contested_until(group)
            if why or contested_until > now:
                self._put_aside(group, why, contested_until)
            elif max(self._retries.ready_at(group), self._ripe_at(group, now)) <= now:
                admitted.append(group)
        return admitted

    def _put_aside(self, group: Group, why: str, until: Instant) -> None:
        # It is tried again for this reason, and for none that it had to wait before.
        self._retries.done(group.services)
        self._ripening = [each for each in self._ripening if each[0] != group]
        for service in group.services:
            if why:
                self._held[service] = why
            else:
                self._contested[service] = until

    def _ripe_at(self, group: Group, now: Instant) -> Instant:
        if not group.after_s:
            return now
        before = next((at for each, at in self._ripening if each == group), None)
        at = now + group.after_s * SECOND if before is None else before
        at = max(at, self._retries.ready_at(group))
        self._ripening = [each for each in self._ripening if each[0] != group]
        self._ripening.append((group, at))
        return at

    def _forget(self, planned: frozenset[ServiceName] | None, groups: Sequence[Group]) -> None:
        wanted = {service for group in groups for service in group.services}
        everybody = self.waiting
        looked_at = everybody if planned is None else {*planned, *wanted} & everybody
        for service in looked_at:
            self._held.pop(service, None)
            self._contested.pop(service, None)
        self._retries.done(looked_at - wanted)
        self._ripening = [
            (group, at)
            for group, at in self._ripening
            if group in groups or not (planned is None or planned.intersection(group.services))
        ]
        written = {write.key for group in groups for write in group.writes}
        for key, concerned in list(self._altered.items()):
            if key not in written and (planned is None or concerned <= planned):
                del self._altered[key]  # It was altered in a way that does not matter.

    def _contested_until(self, group: Group) -> Instant:
        keys = [write.key for write in group.writes if write.key in self._altered]
        return max((self._contests.may_restore_at(key) for key in keys), default=-NEVER)

    # --- who waits -----------------------------------------------------------------------

    def expire(self, now: Instant) -> None:
        """Forget contests that have been quiet for long."""
        self._contests.expire(now)

    def due(self, now: Instant) -> set[ServiceName]:
        """Return the services that are to be tried again now."""
        found = {name for name, at in self._contested.items() if at <= now}
        found.update(*(each.services for each, at in self._ripening if at <= now))
        return found.union(self._retries.due(now))

    @property
    def deadline(self) -> Instant:
        """When the next service is to be tried again; `NEVER` where none is."""
        waiting = (*self._contested.values(), *(at for _, at in self._ripening))
        return min((self._retries.deadline, *waiting))

    @property
    def expiry(self) -> Instant:
        """When `expire` has something to do; `NEVER` where it has not."""
        return self._contests.deadline

    @property
    def held(self) -> frozenset[ServiceName]:
        """The services whose withdrawals wait for the view to be sure."""
        return frozenset(self._held)

    @property
    def waiting(self) -> frozenset[ServiceName]:
        """The services that are not as they should be."""
        return frozenset((*self._held, *self._contested, *self._retries.words()))

    def troubles(self) -> dict[ServiceName, tuple[Trouble, ...]]:
        """Return what is the matter with each service that waits, by name."""
        found: dict[ServiceName, list[Trouble]] = {}
        for name, why in self._held.items():
            found.setdefault(name, []).append(Trouble(TroubleReason.WITHDRAWAL_HELD, why))
        contested = ", ".join(
            f"{key} ({count} times)" for key, count in self._contests.contested().items()
        )
        for name in self._contested:
            what = f"others go on altering {contested or 'it'}; find who else writes it"
            found.setdefault(name, []).append(Trouble(TroubleReason.CONTESTED, what))
        for name, (error, words) in self._retries.words().items():
            refused = error is WriteError.INVALID
            reason = TroubleReason.WRITE_REFUSED if refused else TroubleReason.WRITE_FAILING
            found.setdefault(name, []).append(Trouble(reason, f"{error}: {words}"))
        return {name: tuple(found[name]) for name in sorted(found)}
