"""What becomes of Pods whose node does not exist, or says nothing: they are deleted in time.

Measured: on a node that does not exist after about 60 s, without heartbeats (a Lease of the node's
name in `kube-node-lease`) after 6 minutes. A Pod without a node, or one that has ended, stays.
"""

from agent.objects import LEASE, NODE, POD, ObjectKey
from failure_detect.clock import MINUTE, NEVER, SECOND, Duration, Instant
from simulations.mesh_registry import Registry

ORPHAN_LASTS: Duration = 60 * SECOND
SILENT_LASTS: Duration = 6 * MINUTE
LEASES = "kube-node-lease"


class PodKeeper:
    """When each Pod that hangs on a node is to be deleted."""

    def __init__(self, registry: Registry) -> None:
        """Look at the Pods, Nodes and Leases of `registry`."""
        self._registry = registry
        self._heard: dict[str, Instant] = {}
        self._due: dict[ObjectKey, Instant] = {}

    def note(self, key: ObjectKey, now: Instant) -> None:
        """Learn that an object has changed, or is gone."""
        if key.kind == NODE or (key.kind == LEASE and key.namespace == LEASES):
            self._heard[key.name] = now
            for each in self._registry.keys(POD):
                self._look(each, now)
        elif key.kind == POD:
            self._look(key, now)

    def _look(self, key: ObjectKey, now: Instant) -> None:
        pod = self._registry.pod(key)
        if pod is None or not pod.node or pod.is_over:
            self._due.pop(key, None)
        elif self._registry.document(ObjectKey(NODE, "", pod.node)) is None:
            self._due[key] = min(self._due.get(key, NEVER), now + ORPHAN_LASTS)
        else:
            self._due[key] = self._heard.get(pod.node, now) + SILENT_LASTS

    @property
    def deadline(self) -> Instant:
        """When the next Pod is deleted."""
        return min(self._due.values(), default=NEVER)

    def expired(self, now: Instant) -> list[ObjectKey]:
        """Return the Pods that are deleted by now, once each."""
        due = sorted(key for key, at in self._due.items() if at <= now)
        for key in due:
            del self._due[key]
        return due
