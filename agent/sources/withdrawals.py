"""Why endpoints vanish from a service, where the objects themselves say that it is meant.

What is meant explains itself to the guards (`discovery.publisher_guard`), everything else is held
and listed afresh. So an intent is declared for what somebody did, and never for what is merely not
there: a control plane that lost its memory lists nothing as well. Somebody did it where

* the watch, and not a list, says that a ServiceExport is deleted: unexport;
* the object is there and says so (an annotation that is gone, another type, a deletion that waits
  for its finalizers): unexport;
* the watch says that the Service is deleted, or its Namespace says that it is going: deletion;
* the slice says that an endpoint is terminating, or its Pod that it is being deleted, on a node
  that the API server hears: scale-down, as many as the service has fewer in the end. Pods on a node
  that is not heard are deleted by controllers that only guess.
"""

from collections.abc import Collection, Mapping

from agent.mirror import Mirror
from agent.objects import NAMESPACE, POD, SERVICE, SERVICE_EXPORT, ObjectKey, at, text_at
from agent.sources.exports import ExportRead
from agent.sources.nodes import NodeBook
from discovery.endpoints import Endpoint
from discovery.exports import Exported
from discovery.manifest import IntentKind


def why_gone(before: ExportRead, mirror: Mirror, told: Collection[ObjectKey]) -> IntentKind | None:
    """Return why a service is exported no more, None where nobody says that it is meant.

    `told` are the Services and ServiceExports that the watch, and not a list, told of.
    """
    namespace, name = before.service.namespace, before.service.name
    key = ObjectKey(SERVICE, namespace, name)
    if mirror.get(key) is None:
        return IntentKind.DELETION if key in told else None
    export_key = ObjectKey(SERVICE_EXPORT, namespace, name)
    if before.said_by == export_key and mirror.get(export_key) is None and export_key not in told:
        return None
    return IntentKind.UNEXPORT


def is_going(namespace: str, mirror: Mirror) -> bool:
    """Tell whether a Namespace is being deleted, with all that is in it."""
    document = mirror.get(ObjectKey(NAMESPACE, "", namespace))
    if document is None:
        return False
    deleted_at = at(document, "metadata", "deletionTimestamp")
    return deleted_at is not None or text_at(document, "status", "phase") == "Terminating"


def scaled_down(
    before: ExportRead, held: Exported, after: Exported, mirror: Mirror, nodes: NodeBook
) -> int:
    """Return how many endpoints fewer are ready because somebody wants fewer pods.

    `before` and `held` are how the service was read and exported, `after` is how it will be.
    """
    ready, now = _by_address(held), _by_address(after)
    fewer = _ready_count(ready) - _ready_count(now)
    if fewer <= 0:
        return 0
    meant = sum(
        _is_meant(address, now.get(address), before, mirror)
        for address, endpoint in ready.items()
        if endpoint.ready
        and not nodes.is_missed(endpoint.node)
        and not (address in now and now[address].ready)
    )
    return min(fewer, meant)


def _is_meant(address: str, endpoint: Endpoint | None, before: ExportRead, mirror: Mirror) -> bool:
    if endpoint is not None and endpoint.terminating:
        return True
    pod = before.pods.get(address)
    if pod is None:
        return False
    document = mirror.get(ObjectKey(POD, before.service.namespace, pod))
    return document is not None and at(document, "metadata", "deletionTimestamp") is not None


def _by_address(exported: Exported) -> Mapping[str, Endpoint]:
    return {each.address: each for there in exported.endpoints.values() for each in there}


def _ready_count(endpoints: Mapping[str, Endpoint]) -> int:
    return sum(each.ready for each in endpoints.values())
