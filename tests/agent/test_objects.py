"""Documents are read at a path, and what is not there reads as nothing."""

import pytest

from agent import objects
from agent.objects import KINDS, NODE, SERVICE, SERVICE_EXPORT, ObjectKey, at, key_of, kind_of

DOCUMENT = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop", "resourceVersion": "7"},
    "spec": {"ports": [{"port": 80, "named": True}, {"port": "http"}]},
}


def test_a_value_is_found_at_its_path() -> None:
    assert at(DOCUMENT, "spec", "ports", 0, "port") == 80
    assert at(DOCUMENT, "spec", "ports", -1, "port") == "http"


@pytest.mark.parametrize(
    "path",
    [
        ("spec", "ports", 2),
        ("spec", "ports", -3),
        ("spec", "ports", "port"),
        ("spec", 0),
        ("kind", 0),
        ("none",),
    ],
)
def test_what_is_not_there_reads_as_nothing(path: tuple[str | int, ...]) -> None:
    assert at(DOCUMENT, *path) is None
    assert objects.text_at(DOCUMENT, *path) == ""
    assert objects.integer_at(DOCUMENT, *path) is None
    assert objects.list_at(DOCUMENT, *path) == ()
    assert objects.map_at(DOCUMENT, *path) == {}


def test_a_boolean_is_no_number_and_a_text_no_sequence() -> None:
    assert objects.integer_at(DOCUMENT, "spec", "ports", 0, "named") is None
    assert objects.integer_at(DOCUMENT, "spec", "ports", 0, "port") == 80
    assert objects.list_at(DOCUMENT, "kind") == ()


def test_a_kind_is_told_by_its_group_and_name() -> None:
    assert kind_of(DOCUMENT) == (SERVICE, "v1")
    export = {"apiVersion": "multicluster.x-k8s.io/v1beta1", "kind": "ServiceExport"}
    assert kind_of(export) == (SERVICE_EXPORT, "v1beta1")
    assert kind_of({"apiVersion": "v1", "kind": "ServiceExport"}) is None


def test_a_key_names_the_namespace_only_where_there_is_one() -> None:
    assert key_of(SERVICE, DOCUMENT) == ObjectKey(SERVICE, "shop", "web")
    assert key_of(SERVICE, {"metadata": {"name": "web"}}) == ObjectKey(SERVICE, "default", "web")
    assert key_of(NODE, DOCUMENT) == ObjectKey(NODE, "", "web")
    assert str(key_of(SERVICE, DOCUMENT)) == "Service shop/web"
    assert str(key_of(NODE, DOCUMENT)) == "Node web"


def test_an_object_is_ours_by_its_label() -> None:
    assert not objects.is_ours(DOCUMENT)
    labels = {objects.MANAGED_BY: objects.MANAGER}
    assert objects.is_ours({"metadata": {"labels": labels}})
    assert objects.resource_version(DOCUMENT) == "7"


def test_no_two_kinds_have_one_name_in_one_group() -> None:
    assert len({(kind.group, kind.name) for kind in KINDS}) == len(KINDS)
    assert str(SERVICE) == "Service"
    assert SERVICE.api_version("v1") == "v1"
    assert SERVICE_EXPORT.api_version("v1beta1") == "multicluster.x-k8s.io/v1beta1"
    assert str(SERVICE_EXPORT) == "ServiceExport.multicluster.x-k8s.io"
