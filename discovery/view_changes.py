"""What became of services between two looks at a view."""

from collections.abc import Mapping
from dataclasses import dataclass

from discovery.names import ServiceName


@dataclass(frozen=True, slots=True)
class ViewDiff:
    """The services that differ since the diff was taken last, each list by name.

    A service that is not named is the same: its merged head, policy, tiers, conditions and the
    endpoints that are used. One that is named as changed nearly always differs.
    """

    added: tuple[ServiceName, ...] = ()
    changed: tuple[ServiceName, ...] = ()
    removed: tuple[ServiceName, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.added or self.changed or self.removed)

    @property
    def services(self) -> tuple[ServiceName, ...]:
        """All that are named, by name."""
        return tuple(sorted((*self.added, *self.changed, *self.removed)))


def diff_of(changes: Mapping[ServiceName, tuple[object, object]]) -> ViewDiff:
    """Return the diff of (before, after) by service, None standing for absence; equal is none."""
    added, changed, removed = [], [], []
    for name in sorted(changes):
        before, after = changes[name]
        if before is None and after is not None:
            added.append(name)
        elif before is not None and after is None:
            removed.append(name)
        elif before != after:
            changed.append(name)
    return ViewDiff(tuple(added), tuple(changed), tuple(removed))
