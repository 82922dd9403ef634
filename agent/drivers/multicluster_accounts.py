"""What is here of services whose addresses OSM v1.1 finds by ServiceAccount.

A MultiClusterService is joined to local Services by the ServiceAccounts of the Pods that they
select: its addresses go to every Service that has such a Pod. OSM lists a Service at all only while
its Endpoints have a port, ready or not, which takes a Pod with an address and a node (7h to 7k).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    POD,
    SERVICE,
    Document,
    ObjectKey,
    integer_at,
    is_ours,
    list_at,
    map_at,
    text_at,
)
from discovery.names import ServiceName

_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPort:
    """The one port of a Service."""

    number: int
    name: str
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHead:
    """A Service that is here, as OSM sees it."""

    name: ServiceName
    accounts: frozenset[str]
    """The ServiceAccounts of all Pods that it selects."""
    ports: tuple[LocalPort, ...]
    ready: frozenset[str]
    """Addresses in its Endpoints that are ready: OSM has them in priority 0."""
    unusable: str
    """Why OSM takes no addresses of other clusters for it at all, in words; empty: it does."""
    missing: str
    """What is missing for OSM to list it, and what to do, in words; empty: nothing."""


@dataclass(frozen=True, slots=True)
class _Pod:
    name: str
    account: str
    has_address: bool
    has_node: bool


class Accounts:
    """The Services and Pods of one namespace."""

    def __init__(self, mirror: Mirror, namespace: str) -> None:
        """Read them; costs each of them once."""
        self._mirror = mirror
        self._namespace = namespace
        self._pods: list[_Pod] = []
        self._by_label: dict[tuple[str, object], set[int]] = {}
        for key, document in mirror.of(POD, namespace):
            self._add(key.name, document)
        heads = (self._head(key, each) for key, each in mirror.of(SERVICE, namespace))
        self.heads: Mapping[ServiceName, LocalHead] = {each.name: each for each in heads}

    def of(self, account: str) -> list[LocalHead]:
        """Return the Services to which the addresses of an account go, by name."""
        return [head for _, head in sorted(self.heads.items()) if account in head.accounts]

    def _add(self, name: str, document: Document) -> None:
        if text_at(document, "status", "phase") in _ENDED:
            return
        pod = _Pod(
            name,
            text_at(document, "spec", "serviceAccountName") or "default",
            bool(text_at(document, "status", "podIP")),
            bool(text_at(document, "spec", "nodeName")),
        )
        for label in map_at(document, "metadata", "labels").items():
            self._by_label.setdefault(label, set()).add(len(self._pods))
        self._pods.append(pod)

    def _selected(self, selector: Document) -> list[_Pod]:
        if not selector:
            return []
        found = [self._by_label.get(label, set()) for label in selector.items()]
        return [self._pods[at] for at in sorted(set.intersection(*found))]

    def _head(self, key: ObjectKey, document: Document) -> LocalHead:
        name = ServiceName(self._namespace, key.name)
        selector = map_at(document, "spec", "selector")
        pods = self._selected(selector)
        subsets = list_at(
            self._mirror.get(ObjectKey(ENDPOINTS, key.namespace, key.name)), "subsets"
        )
        return LocalHead(
            name=name,
            accounts=frozenset(pod.account for pod in pods),
            ports=tuple(_ports(document)),
            ready=frozenset(
                text_at(each, "ip") for subset in subsets for each in list_at(subset, "addresses")
            ),
            unusable=_unusable(document, has_selector=bool(selector)),
            missing=_missing(name, pods, has_ports=any(list_at(s, "ports") for s in subsets)),
        )


def _ports(document: Document) -> list[LocalPort]:
    return [
        LocalPort(
            number=integer_at(each, "port") or 0,
            name=text_at(each, "name"),
            protocol=text_at(each, "protocol") or "TCP",
        )
        for each in list_at(document, "spec", "ports")
    ]


def _unusable(document: Document, *, has_selector: bool) -> str:
    if is_ours(document):
        return "the Service here was written by Isthmus for another mesh; delete it"
    if text_at(document, "spec", "type") == "ExternalName":
        return "the Service here is of type ExternalName, which has no endpoints"
    if text_at(document, "spec", "clusterIP") == "None":
        return "the Service here is headless, and OSM mixes those up that share an address"
    if not has_selector:
        return "the Service here has no selector, so OSM knows no ServiceAccount of it; give it one"
    return ""


def _missing(name: ServiceName, pods: list[_Pod], *, has_ports: bool) -> str:
    homeless = next((pod.name for pod in pods if pod.has_address and not pod.has_node), None)
    if homeless is not None:
        return (
            f"Pod {name.namespace}/{homeless} has an address and no node, which keeps Kubernetes "
            "from updating the Endpoints; delete it"
        )
    if not any(pod.has_address and pod.has_node for pod in pods):
        return (
            f"OSM lists {name} only while a Pod of it runs here, ready or not, and there is none; "
            "run a placeholder with the labels that the Service selects and its ServiceAccount, "
            "whose readiness probe never succeeds"
        )
    if not has_ports:
        return (
            f"OSM lists {name} only while its Endpoints have a port; "
            "see whether the Service's targetPort names a port of its Pods"
        )
    return ""
