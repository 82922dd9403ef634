"""What every object must have, with the field and the remedy of what it lacks."""

import pytest

from agent.objects import CRD, DRAIN, SERVICE, Document, ObjectKey
from agent.stores.admission import ANNOTATIONS_MAX_BYTES, RefusedFieldError, admit, split_status
from tests.agent.stores.site import definition, service


def with_metadata(**metadata: object) -> Document:
    return {**service(), "metadata": {"name": "web", "namespace": "shop", **metadata}}


def test_what_is_admitted_is_without_identity_and_nulls() -> None:
    document = with_metadata(
        labels={"a": "b", "c": None},
        uid="u",
        resourceVersion="7",
        creationTimestamp="2027-01-01T00:00:00Z",
        deletionTimestamp="2027-01-02T00:00:00Z",
        managedFields=[{}],
        generation=3,
    )
    admitted = admit(SERVICE, "v1", {**document, "spec": {"a": None, "b": [{"c": None}]}})
    assert admitted.key == ObjectKey(SERVICE, "shop", "web")
    assert admitted.fields == {"metadata": {"labels": {"a": "b"}}, "spec": {"b": [{}]}}
    assert (admitted.uid, admitted.expected) == ("u", "7")
    assert admitted.created == "2027-01-01T00:00:00Z"
    assert admitted.deleted == "2027-01-02T00:00:00Z"


def test_without_metadata_of_its_own_there_is_none_among_the_fields() -> None:
    assert "metadata" not in admit(SERVICE, "v1", with_metadata()).fields


def test_a_namespace_is_given_where_one_is_wanted_and_taken_where_none_is() -> None:
    bare = {**service(), "metadata": {"name": "web"}}
    assert admit(SERVICE, "v1", bare, default_namespace="default").key.namespace == "default"
    drain = {"metadata": {"name": "all", "namespace": "shop"}}
    assert admit(DRAIN, "v1alpha1", drain).key == ObjectKey(DRAIN, "", "all")


DEEP: object = "x"
for _ in range(101):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({**service(), "metadata": "web"}, ("metadata",)),
        (with_metadata(name=7), ("metadata", "name")),
        (with_metadata(name="a.b"), ("metadata", "name")),
        (with_metadata(namespace="a.b"), ("metadata", "namespace")),
        (with_metadata(namespace=7), ("metadata", "namespace")),
        (with_metadata(labels=["a"]), ("metadata", "labels")),
        (with_metadata(labels={"a": 1}), ("metadata", "labels", "a")),
        (with_metadata(labels={"a b": "c"}), ("metadata", "labels", "a b")),
        (with_metadata(labels={"/a": "c"}), ("metadata", "labels", "/a")),
        (with_metadata(labels={"a": "-"}), ("metadata", "labels", "a")),
        (with_metadata(labels={"a": "b" * 64}), ("metadata", "labels", "a")),
        (with_metadata(annotations={"a": True}), ("metadata", "annotations", "a")),
        (
            with_metadata(annotations={"a": "x" * (ANNOTATIONS_MAX_BYTES + 1)}),
            ("metadata", "annotations"),
        ),
        ({**service(), "spec": {"ports": [{"port": 80}] * 2}}, ("spec", "ports")),
        ({**service(), "spec": DEEP}, ()),
        ({**service(), "spec": {"a": {1, 2}}}, ()),
        ({**service(), "spec": {"a": float("nan")}}, ()),
        ({**service(), "spec": {"a": "\ud800"}}, ()),
    ],
)
def test_what_breaks_a_rule_is_refused_by_field(document: Document, path: tuple[str, ...]) -> None:
    with pytest.raises(RefusedFieldError) as found:
        admit(SERVICE, "v1", document)
    assert found.value.path == path
    assert found.value.remedy in str(found.value)


@pytest.mark.parametrize("key", ["a", "app.kubernetes.io/name", "A_b.c-1"])
def test_what_kubernetes_has_for_keys_is_taken(key: str) -> None:
    admit(SERVICE, "v1", with_metadata(labels={key: "A_b.c-1"}, annotations={key: "any: thing"}))


def test_an_object_other_than_a_service_may_have_dots_in_its_name() -> None:
    admit(DRAIN, "v1alpha1", {"metadata": {"name": "a.b-c.d"}})
    with pytest.raises(RefusedFieldError):
        admit(DRAIN, "v1alpha1", {"metadata": {"name": "a..b"}})


@pytest.mark.parametrize("missing", ["group", "names", "versions"])
def test_a_definition_must_say_what_it_defines(missing: str) -> None:
    document = definition("v1")
    admit(CRD, "v1", document)
    spec = document["spec"]
    assert isinstance(spec, dict)
    rest = {name: each for name, each in spec.items() if name != missing}
    with pytest.raises(RefusedFieldError, match=missing):
        admit(CRD, "v1", {**document, "spec": rest})
    with pytest.raises(RefusedFieldError, match=r"serviceexports\.multicluster"):
        admit(CRD, "v1", {**document, "metadata": {"name": "other"}})


@pytest.mark.parametrize("kind", ["../../etc", "a/b", "", "a b", "x" * 64])
def test_a_definition_names_no_path(kind: str) -> None:
    document = definition("v1")
    spec = document["spec"]
    assert isinstance(spec, dict)
    names = {**spec["names"], "kind": kind}
    with pytest.raises(RefusedFieldError, match=r"spec\.names\.kind"):
        admit(CRD, "v1", {**document, "spec": {**spec, "names": names}})


def test_documents_that_state_the_same_have_one_digest() -> None:
    one = admit(SERVICE, "v1", {**service(), "spec": {"a": 1, "b": None}})
    two = admit(
        SERVICE,
        "v1",
        {"spec": {"a": 1}, **{k: service()[k] for k in ("metadata", "kind", "apiVersion")}},
    )
    assert one.digest == two.digest
    assert one.digest != admit(SERVICE, "v1", {**service(), "spec": {"a": 2}}).digest


def test_the_status_is_split_off() -> None:
    assert split_status({"spec": 1, "status": 2}) == ({"spec": 1}, {"status": 2})
    assert split_status({"spec": 1}) == ({"spec": 1}, {})
