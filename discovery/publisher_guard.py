"""The publisher's guard: what vanishes in great numbers and unexplained is held, and listed afresh.

Rule 1: additions, changes and what intents explain pass at once. Rule 2: what is held is so by
service, as it was; it passes when a fresh list confirms it, when an intent comes that explains it,
or when it is back. Rule 3: withdrawals that passed unexplained count with later ones while the
window lasts, unless something took their place. Rule 4: a drain explains as long as it is stated.
Rule 5: while we presume ourselves cut off nothing vanishes but by an intent, however little it is,
and no fresh list confirms it: what tells us may be as cut off as we are. Afterwards what is still
wanted gone is weighed as ever. What is replaced has not vanished, as always: to hold the old pods
of a rollout would send traffic to the dead where the living are known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from discovery.guard_rules import GuardConfig, explain, is_too_much
from discovery.manifest import Intent, IntentKind
from discovery.names import ServiceName
from failure_detect.clock import Instant

INTENTS_IN_FORCE_MAX = 1_024
"""Most intents that explain at a time; the oldest is dropped for a new one."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many endpoints of a service are published, and how many are wanted."""

    published: int
    wanted: int


@dataclass(frozen=True, slots=True)
class _Loss:
    at: Instant
    service: ServiceName
    count: int


class PublisherGuard:
    """Weighs each change against what intents explain."""

    def __init__(self, config: GuardConfig) -> None:
        """Start with nothing held and nothing explained."""
        self._config = config
        self._intents: dict[int, tuple[Instant, Intent]] = {}
        self._serial = 0
        self._drains: tuple[Intent, ...] = ()
        self._losses: list[_Loss] = []
        self._held: dict[ServiceName, int] = {}
        self.is_cut_off = False
        """Whether we presume to be cut off from our own pool."""

    @property
    def held(self) -> Mapping[ServiceName, int]:
        """Services whose withdrawals are held, each with what is to be confirmed as its size."""
        return self._held

    def declare(self, kind: IntentKind, subject: str, amount: int, now: Instant) -> None:
        """Let an intent explain withdrawals from now on, for as long as the configuration says."""
        self._serial += 1
        self._intents[self._serial] = (now, Intent(0, self._serial, kind, subject, amount))
        if len(self._intents) > INTENTS_IN_FORCE_MAX:
            del self._intents[next(iter(self._intents))]

    def set_drains(self, subjects: tuple[str, ...]) -> None:
        """Let these drains, and no others, explain withdrawals until they are stated no more."""
        self._drains = tuple(Intent(0, 0, IntentKind.DRAIN, subject) for subject in subjects)

    def cut_off(self, *, presumed: bool) -> None:
        """Learn whether we presume to be cut off; what was confirmed by then is confirmed no more.

        Where that ends, whoever calls has what is held weighed again.
        """
        self.is_cut_off = presumed
        self._held.clear()

    def weigh(
        self, counts: Mapping[ServiceName, Counts], published: int, now: Instant
    ) -> frozenset[ServiceName]:
        """Return the services whose withdrawals are to be held back; all else is on its way.

        `counts` has every service that changes or is held, `published` is the number of all
        endpoints that are published now.
        """
        self._lapse(now)
        sizes = {
            service: replace(each, published=self._held.get(service, each.published))
            for service, each in counts.items()
        }
        removed = {
            service: each.published - each.wanted
            for service, each in sizes.items()
            if each.wanted < each.published
        }
        intents = [*self._drains, *(intent for _, intent in self._intents.values())]
        explained = explain(removed, intents)
        replaced = {service: each.wanted - each.published for service, each in sizes.items()}
        losses = _without(self._losses, replaced)
        lost = sum(explained.unexplained.values())
        before = published - (sum(removed.values()) - lost)
        earlier = sum(loss.count for loss in losses)
        self._losses = losses
        is_held = self.is_cut_off or is_too_much(lost + earlier, before + earlier, self._config)
        if lost and is_held:
            passing = {s: n for s, n in removed.items() if s not in explained.unexplained}
            self._spend(explain(passing, intents).left)
            self._held = {service: sizes[service].published for service in explained.unexplained}
            return frozenset(self._held)
        self._spend(explained.left)
        self._held = {}
        self._losses += [_Loss(now, s, n) for s, n in explained.unexplained.items()]
        return frozenset()

    def confirm(self, wanted: Mapping[ServiceName, int]) -> None:
        """Take it for true that what is held has gone: a fresh list says so, and we are whole."""
        if self.is_cut_off:
            return
        self._held = {service: wanted.get(service, 0) for service in self._held}
        self._losses.clear()

    def reset(self) -> None:
        """Hold nothing, and count from here: what is published was replaced as a whole."""
        self._held.clear()
        self._losses.clear()

    def _lapse(self, now: Instant) -> None:
        for serial, (at, _) in list(self._intents.items()):
            if now - at >= self._config.explains:
                del self._intents[serial]
        self._losses = [loss for loss in self._losses if now - loss.at < self._config.window]

    def _spend(self, left: tuple[Intent, ...]) -> None:
        by_serial = {intent.version: intent for intent in left}
        self._intents = {
            serial: (at, by_serial[serial])
            for serial, (at, _) in self._intents.items()
            if serial in by_serial
        }

    def check_invariants(self) -> None:
        """Assert that everything held is bounded and every amount makes sense."""
        assert len(self._intents) <= INTENTS_IN_FORCE_MAX
        assert all(intent.amount >= 0 for _, intent in self._intents.values())
        assert all(loss.count > 0 for loss in self._losses)
        assert all(size >= 0 for size in self._held.values())


def _without(losses: list[_Loss], replaced: Mapping[ServiceName, int]) -> list[_Loss]:
    """Return the losses less what came in their place, the latest first."""
    coming = {service: count for service, count in replaced.items() if count > 0}
    left: list[_Loss] = []
    for loss in reversed(losses):
        taken = min(loss.count, coming.get(loss.service, 0))
        if taken:
            coming[loss.service] -= taken
        if loss.count > taken:
            left.append(replace(loss, count=loss.count - taken))
    return left[::-1]
