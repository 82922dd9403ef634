"""TrafficPolicy objects and what travels of them: read strictly, or refused with every fault."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.fields import packed
from discovery.names import Origin, ServiceName
from discovery.policy import (
    Mode,
    PolicyRefused,
    Scope,
    TrafficPolicy,
    default_policy,
    object_name,
    packed_spec,
    read_policy,
    read_travelling,
)
from discovery.refusals import Refusal
from discovery.spec_fields import FAULTS_MAX
from tests.discovery.view_world import SHOP, A, B

NAME = ServiceName("shop", "p")


def policy_object(spec: object, **metadata: object) -> dict[str, object]:
    return {
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "TrafficPolicy",
        "metadata": {"namespace": "shop", "name": "p", **metadata},
        "spec": spec,
    }


def faults(obj: dict[str, object]) -> list[tuple[str, str]]:
    with pytest.raises(PolicyRefused) as caught:
        read_policy(obj)
    assert caught.value.reason is Refusal.MALFORMED
    return [(fault.field, fault.reason) for fault in caught.value.faults]


# --- what is good ------------------------------------------------------------------------


def test_an_empty_specification_is_locality_for_the_namespace() -> None:
    assert read_policy(policy_object({})) == TrafficPolicy(namespace="shop", name="p")


def test_every_field_is_read() -> None:
    spec = {
        "service": "checkout",
        "scope": "fleet",
        "mode": "FailOver",
        "clusters": ["b", "a"],
        "minimumHealthyPercent": 50,
    }
    obj = policy_object(spec, creationTimestamp="1970-01-02T00:00:00Z", labels={"x": "y"})
    assert read_policy({**obj, "status": {}}) == TrafficPolicy(
        namespace="shop",
        name="p",
        service="checkout",
        scope=Scope.FLEET,
        mode=Mode.FAIL_OVER,
        clusters=(B, A),
        minimum_healthy_percent=50,
        created_at=86_400,
    )


def test_weights_are_read_by_name() -> None:
    policy = read_policy(policy_object({"mode": "ActiveActive", "weights": {"b": 1, "a": 3}}))
    assert policy.weights == ((A, 3), (B, 1))
    assert policy.weight_of(A) == 3
    assert policy.weight_of(Origin("z")) == 0
    assert read_policy(policy_object({"mode": "ActiveActive"})).weights == ()


def test_a_policy_covers_its_service_or_all_of_its_namespace() -> None:
    everything = TrafficPolicy(namespace="shop", name="p")
    one = TrafficPolicy(namespace="shop", name="p", service="checkout")
    other = ServiceName("bank", "checkout")
    assert everything.covers(SHOP)
    assert one.covers(SHOP)
    assert not one.covers(ServiceName("shop", "cart"))
    assert not everything.covers(other)
    assert default_policy(SHOP).covers(SHOP)


# --- what is not -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        (None, ["spec"]),
        ([], ["spec"]),
        ({"weigths": {}}, ["spec.weigths"]),
        ({"service": "No Label"}, ["spec.service"]),
        ({"service": 5}, ["spec.service"]),
        ({"mode": "Random"}, ["spec.mode"]),
        ({"mode": ["Locality"]}, ["spec.mode"]),
        ({"scope": "world"}, ["spec.scope"]),
        ({"minimumHealthyPercent": 0}, ["spec.minimumHealthyPercent"]),
        ({"minimumHealthyPercent": 101}, ["spec.minimumHealthyPercent"]),
        ({"minimumHealthyPercent": True}, ["spec.minimumHealthyPercent"]),
        ({"minimumHealthyPercent": 70.0}, ["spec.minimumHealthyPercent"]),
        ({"clusters": ["a"]}, ["spec.clusters"]),
        ({"weights": {"a": 1}}, ["spec.weights"]),
        ({"mode": "FailOver"}, ["spec.clusters"]),
        ({"mode": "FailOver", "clusters": []}, ["spec.clusters"]),
        ({"mode": "FailOver", "clusters": "a"}, ["spec.clusters"]),
        ({"mode": "FailOver", "clusters": ["a", "a"]}, ["spec.clusters"]),
        (
            {"mode": "FailOver", "clusters": ["a", 5, "B!"]},
            ["spec.clusters[1]", "spec.clusters[2]"],
        ),
        ({"mode": "FailOver", "clusters": [f"c{n}" for n in range(513)]}, ["spec.clusters"]),
        ({"mode": "ActiveActive", "weights": {}}, ["spec.weights"]),
        ({"mode": "ActiveActive", "weights": ["a"]}, ["spec.weights"]),
        ({"mode": "ActiveActive", "weights": {"a": 0}}, ["spec.weights"]),
        ({"mode": "ActiveActive", "weights": {"a": -1, "b": 1}}, ["spec.weights.a"]),
        ({"mode": "ActiveActive", "weights": {"a": True, "b": 1}}, ["spec.weights.a"]),
        ({"mode": "ActiveActive", "weights": {"A": 1}}, ["spec.weights.A"]),
    ],
)
def test_each_fault_names_its_field(spec: object, fields: list[str]) -> None:
    assert [field for field, _ in faults(policy_object(spec))] == fields


def test_all_faults_are_told_at_once_with_object_field_and_reason() -> None:
    obj = {
        "apiVersion": "v1",
        "kind": "Policy",
        "metadata": {"namespace": "Shop", "name": "", "creationTimestamp": "yesterday"},
        "spec": {"mode": "Random", "typo": 1},
        "extra": 1,
    }
    with pytest.raises(PolicyRefused) as caught:
        read_policy(obj)
    assert {fault.object for fault in caught.value.faults} == {"TrafficPolicy Shop/?"}
    assert [fault.field for fault in caught.value.faults] == [
        "extra",
        "apiVersion",
        "kind",
        "metadata.namespace",
        "metadata.name",
        "metadata.creationTimestamp",
        "spec.typo",
        "spec.mode",
    ]
    assert "spec.mode: must be one of Locality, FailOver, ActiveActive" in caught.value.what


def test_faults_are_bounded() -> None:
    assert len(faults(policy_object({f"x{n}": 1 for n in range(100)}))) == FAULTS_MAX


@pytest.mark.parametrize("stamp", ["1969-01-01T00:00:00Z", 5, "2024-02-30T00:00:00Z"])
def test_a_time_that_is_none_is_a_fault(stamp: object) -> None:
    found = faults(policy_object({}, creationTimestamp=stamp))
    assert [field for field, _ in found] == ["metadata.creationTimestamp"]


def test_names_of_anything_are_text() -> None:
    assert object_name({}) == ("", "")
    assert object_name({"metadata": {"namespace": 5, "name": "x"}}) == ("", "x")


JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "service": st.sampled_from(["", "checkout"]) | JSON,
        "scope": st.sampled_from(list(Scope)) | JSON,
        "mode": st.sampled_from(list(Mode)) | JSON,
        "clusters": st.just(["a", "b"]) | JSON,
        "weights": st.just({"a": 1}) | JSON,
        "minimumHealthyPercent": st.integers(-1, 102) | JSON,
    },
)


@given(st.dictionaries(st.sampled_from(["apiVersion", "kind", "metadata", "spec", "x"]), JSON))
def test_any_object_is_refused_or_read(obj: dict[str, object]) -> None:
    with pytest.raises(PolicyRefused):
        read_policy(obj)


@given(SPECS)
def test_what_is_read_travels_and_is_read_the_same(spec: dict[str, object]) -> None:
    try:
        policy = read_policy(policy_object(spec))
    except PolicyRefused:
        return
    travelled = read_travelling(B, NAME, packed_spec(policy), policy.created_at)
    assert travelled.scope is Scope.FLEET
    for name in ("service", "mode", "clusters", "weights", "minimum_healthy_percent"):
        assert getattr(travelled, name) == getattr(policy, name)


# --- what travels ------------------------------------------------------------------------


def test_fields_of_a_later_version_are_let_be() -> None:
    spec = packed({"mode": "Locality", "later": 1, "scope": "nonsense"})
    assert read_travelling(B, NAME, spec, 7) == TrafficPolicy(
        namespace="shop", name="p", scope=Scope.FLEET, created_at=7
    )


def test_a_travelling_policy_that_is_malformed_names_its_origin() -> None:
    with pytest.raises(PolicyRefused) as caught:
        read_travelling(B, NAME, packed({"mode": "Random"}), 0)
    assert caught.value.what.startswith("TrafficPolicy shop/p of b: spec.mode: must be one of")


@given(st.binary(max_size=40))
def test_any_bytes_are_refused_or_read(spec: bytes) -> None:
    with suppress(PolicyRefused):
        assert read_travelling(B, NAME, spec, 0).namespace == "shop"
