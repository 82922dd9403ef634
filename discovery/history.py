"""Earlier sets of one origin, by root: whoever has one of them is sent what changed since.

Sets share what they have in common, so an earlier one costs what differs from its successor; the
oldest go first.
"""

from collections import OrderedDict

from discovery.limits import HistoryLimits
from discovery.recordset import RecordSet

RECORD_OVERHEAD_BYTES = 128
"""What a record that differs takes beside its key and value."""


class History:
    """The latest earlier sets, bounded in number and in bytes."""

    __slots__ = ("_cost", "_limits", "_sets")

    def __init__(self, limits: HistoryLimits) -> None:
        """Keep none yet."""
        self._limits = limits
        self._sets: OrderedDict[bytes, tuple[RecordSet, int]] = OrderedDict()
        self._cost = 0

    def __len__(self) -> int:
        """Return how many earlier sets there are."""
        return len(self._sets)

    @property
    def cost_bytes(self) -> int:
        """Bytes that all earlier sets take beside the current one."""
        return self._cost

    def add(self, before: RecordSet, after: RecordSet) -> None:
        """Keep `before`, which `after` has replaced."""
        cost = sum(
            len(each.key) + len(each.before or b"") + RECORD_OVERHEAD_BYTES
            for each in after.changes_since(before)
        )
        self._discard(before.root)
        self._sets[before.root] = (before, cost)
        self._cost += cost
        self._discard(after.root)  # It is the current one again.
        most = after.size_bytes + self._limits.spare_bytes
        while self._sets and (len(self._sets) > self._limits.versions or self._cost > most):
            self._discard(next(iter(self._sets)))

    def get(self, root: bytes) -> RecordSet | None:
        """Return the set with this root, None where it is not kept."""
        found = self._sets.get(root)
        return None if found is None else found[0]

    def _discard(self, root: bytes) -> None:
        found = self._sets.pop(root, None)
        if found is not None:
            self._cost -= found[1]
