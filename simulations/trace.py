"""What happened, as canonical lines and their hash: equal for equal seeds, on any machine."""

from hashlib import blake2b
from itertools import zip_longest

from failure_detect.clock import SECOND, Duration, Instant


class Trace:
    """Hashes every event, advance and effect of every machine, in their order."""

    def __init__(self, *, keep_lines: int = 0, checkpoint_every: Duration = SECOND) -> None:
        """Keep the first `keep_lines` lines too, and a hash each `checkpoint_every` us."""
        self.lines: list[str] = []
        """The first lines, as many as are kept: microseconds, member, kind, digest."""
        self.checkpoints: list[tuple[Instant, str]] = []
        """The running hash as it was before each of these instants."""
        self.count = 0
        """How many lines there were."""
        self._hash = blake2b(digest_size=16)
        self._keep, self._every = keep_lines, checkpoint_every
        self._next: Instant = checkpoint_every

    def event(self, now: Instant, member: int, event: object) -> None:
        """Note that `event` goes into the machine of `member`."""
        self._note(now, member, event)

    def advance(self, now: Instant, member: int) -> None:
        """Note that the machine of `member` is advanced."""
        self._add(now, f"{now} {member} advance -")

    def effect(self, now: Instant, member: int, effect: object) -> None:
        """Note that `effect` of the machine of `member` is performed."""
        self._note(now, member, effect)

    def fault(self, now: Instant, what: object) -> None:
        """Note that a fault strikes or ends."""
        self._add(now, f"{now} - {what!r}")

    def digest(self) -> str:
        """Return the hash of all lines so far, in hexadecimal."""
        return self._hash.hexdigest()

    def _note(self, now: Instant, member: int, what: object) -> None:
        # The representation of a frozen dataclass is that of its fields, in their order.
        digest = blake2b(repr(what).encode(), digest_size=8).hexdigest()
        self._add(now, f"{now} {member} {type(what).__name__} {digest}")

    def _add(self, now: Instant, line: str) -> None:
        while now >= self._next:
            self.checkpoints.append((self._next, self.digest()))
            self._next += self._every
        self.count += 1
        if len(self.lines) < self._keep:
            self.lines.append(line)
        self._hash.update(line.encode() + b"\n")


def first_difference(one: Trace, other: Trace) -> str | None:
    """Return the first kept line in which two traces differ, or None where none does."""
    for number, (left, right) in enumerate(zip_longest(one.lines, other.lines), 1):
        if left != right:
            return f"line {number}: {left} / {right}"
    return None
