"""Groups of steps under way: of each group one step at a time, in order, the next on success.

Rule 1: a step that failed is followed by none of its group. Rule 2: groups are independent; steps
of as many as `most` are at the store at one time. Rule 3: who stops leaves what is at the store
there: its answer still comes, and its group ends with it.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.drivers.plan import Group, Step


@dataclass(slots=True)
class _Run:
    group: Group
    left: deque[Step] = field(default_factory=deque)


@dataclass(frozen=True, slots=True)
class Answered:
    """A step that was at the store and has its answer."""

    group: Group
    step: Step
    is_last: bool
    """Whether nothing of its group is left."""


class Progress:
    """What of a burst is done, what is at the store, and what is not begun."""

    def __init__(self, most: int, first: int = 0) -> None:
        """Have nothing to do; at most so many steps are at the store at one time.

        Steps are numbered from above `first`.
        """
        self._most = most
        self._ready: deque[_Run] = deque()
        self._flying: dict[int, tuple[_Run, Step]] = {}
        self._number = first

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left, and nothing at the store."""
        return not self._ready and not self._flying

    @property
    def in_flight(self) -> int:
        """How many steps are at the store."""
        return len(self._flying)

    @property
    def has_more(self) -> bool:
        """Whether anything is left to begin, now or after an answer."""
        return bool(self._ready) or any(run.left for run, _ in self._flying.values())

    def start(self, groups: Iterable[Group]) -> None:
        """Take more groups; those without steps are done."""
        self._ready.extend(_Run(each, deque(each.writes)) for each in groups if each.writes)

    def next(self) -> tuple[int, Group, Step] | None:
        """Give the next step, and the number that its answer must bear; None: none may begin."""
        if not self._ready or len(self._flying) >= self._most:
            return None
        run = self._ready.popleft()
        self._number += 1
        step = run.left.popleft()
        self._flying[self._number] = (run, step)
        return self._number, run.group, step

    def answered(self, number: int, *, is_done: bool) -> Answered | None:
        """Take the answer to a step; None where nobody waits for it.

        Where it was not done the rest of its group is dropped.
        """
        found = self._flying.pop(number, None)
        if found is None:
            return None
        run, step = found
        if run.left and is_done:
            self._ready.appendleft(run)  # A group that is begun is finished first.
            return Answered(run.group, step, is_last=False)
        return Answered(run.group, step, is_last=True)

    def stop(self) -> list[Group]:
        """Begin nothing more; return the groups of which something is left undone by that."""
        left = [run.group for run in self._ready]
        for run, _ in self._flying.values():
            if run.left:
                left.append(run.group)
                run.left.clear()
        self._ready.clear()
        return left
