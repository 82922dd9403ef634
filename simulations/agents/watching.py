"""Every state of what OSM gets in a cluster, as its object store shows it, with the time.

The kernel says when a file changed (inotify); besides, one looks every 20 ms, so that a notice that
is lost costs no more. A state that is replaced before anybody could read it is not seen: the writer
leaves seconds between two bursts, and one write follows another within a burst after milliseconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import trio

from agent.demo.fleet import mesh_addresses
from agent.demo.plan import ClusterPlan
from agent.objects import MULTI_CLUSTER_SERVICE
from agent.stores.notices import Notices

LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class State:
    """What OSM got from some moment on."""

    at_s: float
    """By trio's clock."""
    addresses: frozenset[str]


class MeshWatch:
    """Watches one cluster."""

    def __init__(self, cluster: ClusterPlan) -> None:
        """Begin with what is there now."""
        self.cluster = cluster
        self._folder = cluster.objects / "managed" / str(MULTI_CLUSTER_SERVICE)
        self._mark = self._marked()
        self.states = [State(trio.current_time(), frozenset(mesh_addresses(cluster)))]
        """All that was seen, one after the other, each different from the one before."""
        self._news = trio.Event()

    @property
    def addresses(self) -> frozenset[str]:
        """What OSM gets now."""
        return self.states[-1].addresses

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Watch until cancelled."""
        notices = Notices()
        try:
            notices.follow({"managed": self._folder}, self._folder.parent)
            task_status.started()
            while True:
                with trio.move_on_after(LOOK_S):
                    await trio.lowlevel.wait_readable(notices.descriptor)
                notices.drain()
                self._look(trio.current_time())
        finally:
            notices.close()

    async def until(
        self, holds: Callable[[frozenset[str]], bool], since_s: float, within_s: float
    ) -> float | None:
        """Return when, from `since_s` on, something held first; None where it did not in time."""
        with trio.move_on_at(since_s + within_s):
            while True:
                for state in self._since(since_s):
                    if holds(state.addresses):
                        return max(since_s, state.at_s)
                await self._news.wait()
        return None

    async def seen(
        self, address: str, since_s: float, within_s: float, *, there: bool
    ) -> float | None:
        """Return when, from `since_s` on, an address was there first, or was not; else None."""
        return await self.until(lambda found: (address in found) is there, since_s, within_s)

    def lost(self, wanted: frozenset[str], since_s: float) -> set[str]:
        """Return what of `wanted` was not there at some moment since then."""
        return {lost for each in self._since(since_s) for lost in wanted - each.addresses}

    def _since(self, since_s: float) -> list[State]:
        """Return the state that was there then, and all that came after it."""
        first = sum(each.at_s <= since_s for each in self.states) - 1
        return self.states[max(0, first) :]

    def _look(self, at_s: float) -> None:
        mark = self._marked()
        if mark == self._mark:
            return
        self._mark = mark
        found = frozenset(mesh_addresses(self.cluster))
        if found != self.addresses:
            self.states.append(State(at_s, found))
            self._news.set()
            self._news = trio.Event()

    def _marked(self) -> frozenset[tuple[str, int, int]]:
        return frozenset(_marks(self._folder))


def _marks(folder: Path) -> list[tuple[str, int, int]]:
    """Return what tells two states of a folder apart: its files, each with inode and time."""
    found = []
    for file in folder.glob("*.yaml"):
        try:
            status = file.stat()
        except FileNotFoundError:
            continue  # It goes this very moment.
        found.append((file.name, status.st_ino, status.st_mtime_ns))
    return found
