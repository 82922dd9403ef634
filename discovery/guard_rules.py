"""When a withdrawal is too large to be believed: the arithmetic that both guards share.

Rule 1: only what no intent explains counts. Rule 2: it is too much where it is more than a share
of what there was, and at least so many. Rule 3: what is replaced has not vanished; whoever counts
takes replacements off before asking here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace

from discovery.manifest import Intent
from discovery.names import ServiceName
from failure_detect.clock import MINUTE, Duration
from failure_detect.validation import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardConfig:
    """What a guard lets pass at once, and for how long it holds the rest."""

    share_percent: int = 50
    """More than this share, with no intent that explains it, is held. Lower holds honest
    incidents too (a zone of three lost is 33 %), higher lets half a wipe-out through."""

    least: int = 10
    """Fewer endpoints than this are never held: small services go as they please."""

    window: Duration = 1 * MINUTE
    """Withdrawals within it are counted together, so that a trickle is no way around. Longer
    holds slow replacements that come late."""

    hold: Duration = 5 * MINUTE
    """How long what is held stays in the last tier if nothing confirms or explains it. Longer
    survives longer blips of an origin's control plane; the dead stay in the last tier as long."""

    confirm: Duration = 1 * MINUTE
    """From then on a higher manifest that still lacks what is held ends the hold: the origin has
    looked again. Must not exceed `hold`."""

    explains: Duration = 10 * MINUTE
    """How long an intent explains withdrawals after its receipt: pods need their grace to go."""

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid guard configuration", found)


def _faults(config: GuardConfig) -> Iterator[ConfigError]:
    numbers_are_good = True
    for each in fields(config):
        value: object = getattr(config, each.name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 1 << 53:
            numbers_are_good = False
            yield ConfigError(f"$.guard.{each.name}", f"must be 1 or more, is {value!r}")
    if not numbers_are_good:
        return
    if config.share_percent > 100:
        yield ConfigError("$.guard.share_percent", f"must be 1 to 100, is {config.share_percent}")
    if config.confirm > config.hold:
        yield ConfigError("$.guard.confirm", "must not exceed $.guard.hold")


def is_too_much(removed: int, total: int, config: GuardConfig) -> bool:
    """Tell whether `removed` of `total` endpoints, none explained, are to be held."""
    return removed >= config.least and removed * 100 > config.share_percent * total


@dataclass(frozen=True, slots=True)
class Explained:
    """What intents made of a withdrawal."""

    unexplained: dict[ServiceName, int]
    """Endpoints that no intent explains, of each service that has any."""
    left: tuple[Intent, ...]
    """The intents as far as they can explain more; those that name an amount, with the rest."""


def explain(removed: Mapping[ServiceName, int], intents: Iterable[Intent]) -> Explained:
    """Set intents against the endpoints that vanished from each service.

    An intent of a service explains that service's, one of the cluster (no subject) anybody's; the
    former are used up first. An amount of 0 explains all of the subject's and is never used up.
    """
    unexplained = {service: count for service, count in removed.items() if count > 0}
    ordered = list(intents)
    for index in sorted(range(len(ordered)), key=lambda index: not ordered[index].subject):
        ordered[index] = _spend(unexplained, ordered[index])
    left = tuple(intent for intent in ordered if intent.amount >= 0)
    return Explained({service: n for service, n in unexplained.items() if n}, left)


def _spend(unexplained: dict[ServiceName, int], intent: Intent) -> Intent:
    """Take off what the intent explains; it comes back with an amount of -1 where none is left."""
    amount = intent.amount
    for service, count in unexplained.items():
        if intent.subject not in ("", str(service)):
            continue
        taken = min(count, amount) if intent.amount else count
        unexplained[service] = count - taken
        amount -= taken if intent.amount else 0
    return replace(intent, amount=-1 if intent.amount and not amount else amount)


def unexplained(removed: Mapping[ServiceName, int], intents: Iterable[Intent]) -> int:
    """Return how many of the endpoints that vanished no intent explains."""
    return sum(explain(removed, intents).unexplained.values())
