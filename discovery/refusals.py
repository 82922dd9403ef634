"""What was refused, why, and how often: one error type for everything that others got wrong.

Whoever raises `Refused` has changed nothing. It is caught where the input came in, counted by
(reason, origin), and shown with its latest words.
"""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import StrEnum

REMEMBERED_MAX = 256
"""Refusals whose words are kept, the latest of each (reason, origin); all are counted."""

WORDS_MAX = 200
"""Characters of one refusal that are kept."""

SHOWN_ORIGIN_MAX = 63
"""Characters of an origin's name that are kept: as many as a true one has at most."""


class Refusal(StrEnum):
    """Why input was refused; the value is the label of a metric."""

    MALFORMED = "malformed"
    """These bytes are no message, manifest or record."""
    OVERSIZED = "oversized"
    """Larger, deeper or more than the limits allow."""
    SIGNATURE = "signature"
    """The signature is not of the key that it claims."""
    UNTRUSTED = "untrusted"
    """No trust object names this origin."""
    KEY = "key"
    """The key is none that the trust object, or the fleet, gives this origin."""
    GENERATION = "generation"
    """The key is the origin's, but not of the generation that is stated."""
    REVOKED = "revoked"
    """The fleet has revoked the key."""
    EXPIRED = "expired"
    """The key or certificate is past its validity."""
    UID = "uid"
    """Another cluster of the same name: the UID of its kube-system namespace differs."""
    AUDIENCE = "audience"
    """The manifest is not meant for us."""
    STALE = "stale"
    """At or below the floor: seen already, or older than what was seen."""
    ROOT = "root"
    """The records do not give the root that was signed."""
    SERVICE = "service"
    """The origin may not serve this namespace or service here."""
    POLICY = "policy"
    """The origin may not configure others here."""
    RELAY_ONLY = "relay-only"
    """The origin is relayed to others and serves nothing here."""
    UNEXPECTED = "unexpected"
    """An answer that nobody asked for, or a message of a version that we do not speak."""
    BUDGET = "budget"
    """The sender has asked for more than its share."""


class Refused(ValueError):  # noqa: N818 - the protocol's word for it, not an error of ours.
    """Input was refused, whole, and nothing was changed by it."""

    def __init__(self, reason: Refusal, what: str) -> None:
        """Say why, and `what` exactly was wrong: object, field, remedy."""
        super().__init__(f"{reason}: {what}")
        self.reason = reason
        self.what = what


@dataclass(frozen=True, slots=True)
class Remembered:
    """The latest refusal of one reason and origin."""

    reason: Refusal
    origin: str
    what: str
    count: int


class Refusals:
    """Counts refusals by reason and origin, and keeps the latest words of each.

    Where there are too many, the oldest of the commonest reason are forgotten: who makes up a
    thousand names hides nothing but his own. Their counts stay in those of the reason.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._counts: Counter[Refusal] = Counter()
        self._kept: Counter[Refusal] = Counter()
        self._latest: OrderedDict[tuple[Refusal, str], tuple[str, int]] = OrderedDict()

    def add(self, refused: Refused, origin: str = "") -> None:
        """Count one; `origin` is whom it is about, or empty where nobody can know."""
        self._counts[refused.reason] += 1
        key = (refused.reason, origin[:SHOWN_ORIGIN_MAX])
        count = self._latest.pop(key, ("", 0))[1] + 1
        self._latest[key] = (refused.what[:WORDS_MAX], count)
        if count == 1:
            self._kept[refused.reason] += 1
        if len(self._latest) > REMEMBERED_MAX:
            self._forget()

    def _forget(self) -> None:
        (commonest, _), *_ = self._kept.most_common(1)
        del self._latest[next(key for key in self._latest if key[0] is commonest)]
        self._kept[commonest] -= 1

    def counts(self) -> dict[str, int]:
        """Return how often each reason occurred, by its name, sorted."""
        return {reason.value: self._counts[reason] for reason in sorted(self._counts)}

    def latest(self) -> list[Remembered]:
        """Return the latest of each reason and origin, oldest first."""
        return [
            Remembered(reason, origin, what, count)
            for (reason, origin), (what, count) in self._latest.items()
        ]
