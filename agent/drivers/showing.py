"""What is to be shown of the plans: conditions by service, and what would be written."""

from collections.abc import Collection, Iterable, Mapping

from agent.drivers.plan import Condition, Group
from discovery.names import ServiceName

_Groups = dict[tuple[ServiceName, ...], list[Group]]


class Showing:
    """The conditions of all services, and in dry run or while frozen the groups not written."""

    def __init__(self) -> None:
        """Show nothing."""
        self._conditions: dict[ServiceName, tuple[Condition, ...]] = {}
        self._changed: dict[ServiceName, tuple[Condition, ...]] = {}
        self._groups: _Groups = {}
        self._groups_changed = False

    def forget(self) -> None:
        """Drop all conditions: they were another driver's."""
        for name, before in self._conditions.items():
            self._changed.setdefault(name, before)
        self._conditions.clear()

    def conditions(
        self,
        found: Mapping[ServiceName, tuple[Condition, ...]],
        planned: Collection[ServiceName] | None,
    ) -> None:
        """Take the conditions of a plan about the services in `planned`, None for all."""
        named = self._conditions.keys() | found.keys()
        for name in named if planned is None else {*planned, *found}:
            before, after = self._conditions.get(name, ()), found.get(name, ())
            if before != after:
                self._changed.setdefault(name, before)
            if after:
                self._conditions[name] = after
            else:
                self._conditions.pop(name, None)

    def of(self, name: ServiceName) -> tuple[Condition, ...]:
        """Return the conditions of a service."""
        return self._conditions.get(name, ())

    def all(self) -> dict[ServiceName, tuple[Condition, ...]]:
        """Return the services that have conditions, by name."""
        return dict(sorted(self._conditions.items()))

    def take_changed(self) -> dict[ServiceName, tuple[Condition, ...]]:
        """Return what was said before of services of which something else has been said since."""
        changed, self._changed = self._changed, {}
        return changed

    # --- what would be written -----------------------------------------------------------

    def show_nothing(self) -> None:
        """Show no groups any more."""
        self._groups_changed |= bool(self._groups)
        self._groups = {}

    def show(self, groups: Iterable[Group], planned: Collection[ServiceName] | None) -> None:
        """Show these groups, in the place of all that were about a service in `planned`."""
        found: _Groups = {}
        for group in groups:
            found.setdefault(group.services, []).append(group)
        gone = {name for services in found for name in services}
        gone.update(planned or ())
        kept = {
            services: each
            for services, each in self._groups.items()
            if planned is not None and gone.isdisjoint(services)
        }
        after = {**kept, **found}
        self._groups_changed |= after != self._groups
        self._groups = after

    def groups(self) -> tuple[Group, ...]:
        """Return the groups that would be written, by service."""
        return tuple(group for _, groups in sorted(self._groups.items()) for group in groups)

    def take_groups_changed(self) -> bool:
        """Tell whether the groups differ since this was called last."""
        changed, self._groups_changed = self._groups_changed, False
        return changed
