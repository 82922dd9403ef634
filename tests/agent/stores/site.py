"""One store as its clients and people have it, and the objects that the contract speaks of."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import trio

from agent.objects import (
    LEASE,
    MANAGED_BY,
    MANAGER,
    SERVICE,
    SERVICE_EXPORT,
    Document,
    ObjectKey,
)
from agent.store import (
    Change,
    ChangeType,
    ObjectStore,
)

WEB = ObjectKey(SERVICE, "shop", "web")
EXPORT = ObjectKey(SERVICE_EXPORT, "shop", "web")
LEASE_KEY = ObjectKey(LEASE, "isthmus", "publisher")


@dataclass(frozen=True)
class Site:
    """One store, as two clients and a person have it."""

    ours: ObjectStore
    theirs: ObjectStore
    by_hand: Callable[[Document], Awaitable[None]]
    """A person makes an object have these fields, whoever owns them."""
    by_hand_gone: Callable[[ObjectKey], Awaitable[None]]
    """A person deletes an object that he made."""


def service(name: str = "web", namespace: str = "shop", **spec: object) -> Document:
    metadata = {"name": name, "namespace": namespace, "labels": {MANAGED_BY: MANAGER}}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": [{"name": "http", "port": 80, "protocol": "TCP"}], **spec},
    }


def ports(*numbers: int, name: str = "p") -> list[object]:
    return [{"name": f"{name}{each}", "port": each, "protocol": "TCP"} for each in numbers]


def lease(holder: str, transitions: int = 0) -> Document:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": LEASE_KEY.name, "namespace": LEASE_KEY.namespace},
        "spec": {"holderIdentity": holder, "leaseTransitions": transitions},
    }


def export(api_version: str = "v1alpha1") -> Document:
    return {
        "apiVersion": f"multicluster.x-k8s.io/{api_version}",
        "kind": "ServiceExport",
        "metadata": {"name": "web", "namespace": "shop"},
    }


def definition(*versions: str) -> Document:
    """The CustomResourceDefinition of ServiceExport, as far as a store reads it."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "serviceexports.multicluster.x-k8s.io"},
        "spec": {
            "group": "multicluster.x-k8s.io",
            "scope": "Namespaced",
            "names": {
                "kind": "ServiceExport",
                "plural": "serviceexports",
                "singular": "serviceexport",
                "listKind": "ServiceExportList",
            },
            "versions": [
                {
                    "name": each,
                    "served": True,
                    "storage": each == versions[0],
                    "schema": schema,
                    "subresources": {"status": {}},
                }
                for each in versions
            ],
        },
    }


async def next_change(watch: AsyncIterator[Change]) -> Change:
    """The next change that is one; nobody waits for it longer than a minute."""
    with trio.fail_after(60):
        async for change in watch:
            if change.type is not ChangeType.BOOKMARK:
                return change
    raise AssertionError("the watch has ended")


async def served_exports(site: Site, *versions: str) -> None:
    await site.ours.apply(definition(*(versions or ("v1alpha1",))))
    with trio.fail_after(60):
        for store in (site.ours, site.theirs):
            while not {kind for kind, _ in await store.served()} & {SERVICE_EXPORT}:
                await trio.lowlevel.checkpoint()
