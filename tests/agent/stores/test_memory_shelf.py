"""The shelf of a simulation: repeatable, and any manager's."""

from random import Random

import pytest

from agent.objects import CRD, SERVICE, Document, ObjectKey, at
from agent.store import ConflictError
from agent.stores.memory_shelf import MemoryShelf
from tests.agent.stores.folders import NOON_MS
from tests.agent.stores.site import WEB, definition, service


def shelf(seed: int = 1) -> MemoryShelf:
    return MemoryShelf(lambda: NOON_MS, Random(seed))


def test_two_with_the_same_dice_do_the_same() -> None:
    one, two = shelf(), shelf()
    assert one.apply(service()) == two.apply(service())
    assert shelf(2).apply(service()) != two.get(WEB, "v1")


def test_time_and_identity_are_those_that_were_handed_in() -> None:
    applied = shelf().apply(service())
    assert at(applied, "metadata", "creationTimestamp") == "2027-01-15T08:00:00Z"
    assert str(at(applied, "metadata", "uid"))[14] == "4", "a UUID of random numbers"


def test_any_manager_applies_and_conflicts() -> None:
    store = shelf()
    store.apply(service(type="ClusterIP"), manager="helm")
    with pytest.raises(ConflictError, match="helm"):
        store.apply(service(type="NodePort"))
    store.apply_status(WEB, "v1", {"loadBalancer": {}}, manager="cloud")
    held = store.held(WEB)
    assert held is not None
    assert set(held.owners) == {"helm", "cloud/status"}


def test_a_version_is_there_to_watch_from() -> None:
    store = shelf()
    since = store.now_version
    store.apply(service())
    assert [each.type for each in store.changes(SERVICE, "v1", (int(since), 0))] == ["ADDED"]


def test_a_definition_that_names_another_kind_ends_the_first() -> None:
    store = shelf()
    store.apply(definition("v1alpha1"))
    metadata = {"name": "web", "namespace": "shop"}
    export = {"apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceExport"}
    store.apply({**export, "metadata": metadata})
    document = definition("v1alpha1")
    spec = document["spec"]
    assert isinstance(spec, dict)
    names = {**spec["names"], "kind": "Other"}
    changed: Document = {**document, "spec": {**spec, "names": names}}
    store.apply(changed)
    assert [str(kind) for kind in store.kinds()] == [str(CRD)]
    store.delete(ObjectKey(CRD, "", "serviceexports.multicluster.x-k8s.io"))
    assert store.kinds() == []
