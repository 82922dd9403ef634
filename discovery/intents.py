"""The intents that a manifest names: cumulatively, few, and never more than was meant."""

from collections.abc import Iterable
from dataclasses import dataclass

from discovery.manifest import INTENTS_MAX, Intent, IntentKind, with_intent

AT_ONCE_MAX = INTENTS_MAX // 2
"""Most intents of one version; more are folded, so that those before are not pushed out."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An intent that no version has named yet."""

    kind: IntentKind
    subject: str
    """`namespace/name` of a service, or empty for the cluster."""
    amount: int
    """How many endpoints it explains; 0: all of the subject's."""
    there: int
    """How many that is at most: what it counts for where several are folded into one."""


def named(
    intents: tuple[Intent, ...], pending: Iterable[Pending], epoch: int, version: int
) -> tuple[Intent, ...]:
    """Return the intents with the pending ones, which first hold in this version.

    Who means all of a subject anew replaces what he meant before by the same kind. Where there are
    more than four at once, those of one kind become one of the cluster that explains as many.
    """
    coming = list(dict.fromkeys(pending))
    if len(coming) > AT_ONCE_MAX:
        coming = _folded(coming)
    for each in coming:
        if not each.amount:
            intents = tuple(
                old for old in intents if (old.kind, old.subject) != (each.kind, each.subject)
            )
        new = Intent(epoch, version, each.kind, each.subject, each.amount)
        intents = with_intent(intents, new)
    return intents


def _folded(pending: list[Pending]) -> list[Pending]:
    whole = [each for each in pending if not each.subject and not each.amount]
    sums: dict[IntentKind, int] = {}
    for each in pending:
        if each not in whole:
            sums[each.kind] = sums.get(each.kind, 0) + each.there
    folded = [Pending(kind, "", amount, amount) for kind, amount in sums.items() if amount]
    return folded + whole
