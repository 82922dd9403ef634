"""What is served without being asked, and what a definition adds."""

import pytest

from agent.objects import (
    BUILT_IN,
    CRD,
    ENDPOINTS,
    OURS,
    SERVICE,
    SERVICE_EXPORT,
    TRUSTED_CLUSTER,
    Document,
)
from agent.store import NotServedError
from agent.stores.served import ServedKinds, defined_kind, is_definition
from tests.agent.stores.site import definition


def test_what_is_built_in_and_what_is_ours_is_always_served() -> None:
    served = ServedKinds()
    assert {kind for kind, _ in served.known()} == {*BUILT_IN, *OURS}
    assert served.find("v1", "Service") == (SERVICE, "v1")
    assert served.has_status(SERVICE, "v1")
    assert not served.has_status(ENDPOINTS, "v1")


def test_a_definition_adds_its_served_versions_and_says_which_have_a_status() -> None:
    document = definition("v1beta1", "v1alpha1")
    versions = document["spec"]["versions"]  # type: ignore[index]  # it was made above
    unserved = {**versions[0], "name": "v1", "served": False}
    plain = {"name": "v2", "served": True}
    spec = {**document["spec"], "versions": [*versions, unserved, plain]}  # type: ignore[dict-item]  # the same
    served = ServedKinds([{**document, "spec": spec}])
    assert served.serves(SERVICE_EXPORT, "v1beta1")
    assert served.has_status(SERVICE_EXPORT, "v1alpha1")
    assert served.serves(SERVICE_EXPORT, "v2")
    assert not served.has_status(SERVICE_EXPORT, "v2")
    with pytest.raises(NotServedError, match="v1beta1, v1alpha1, v2"):
        served.require(SERVICE_EXPORT, "v1")


@pytest.mark.parametrize(
    ("api_version", "name", "said"),
    [
        ("v1", "Servce", "Servce"),
        ("x.example/v1", "Thing", r"Thing\.x\.example"),
        ("v9", "Pod", "v9"),
    ],
)
def test_what_is_not_served_is_named_with_what_to_do(
    api_version: str, name: str, said: str
) -> None:
    with pytest.raises(NotServedError, match=f"{said}.*; (put|write)"):
        ServedKinds().find(api_version, name)


def test_a_kind_that_this_program_does_not_know_is_served_too() -> None:
    document: Document = {
        "spec": {
            "group": "x.example",
            "scope": "Cluster",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": True}],
        }
    }
    kind, version = ServedKinds([document]).find("x.example/v1", "Thing")
    assert (kind.plural, kind.is_namespaced, version) == ("things", False, "v1")
    assert kind not in {each for each, _ in ServedKinds([document]).known()}


def test_a_definition_of_what_is_ours_changes_nothing() -> None:
    document: Document = {
        "spec": {
            "group": "isthmus.dev",
            "names": {"kind": "TrustedCluster", "plural": "trustedclusters"},
            "versions": [{"name": "v1alpha1", "served": False}],
        }
    }
    assert defined_kind(document) == TRUSTED_CLUSTER
    assert ServedKinds([document]).serves(TRUSTED_CLUSTER, "v1alpha1")


def test_definitions_are_of_one_kind() -> None:
    assert is_definition(CRD)
    assert not is_definition(SERVICE)
