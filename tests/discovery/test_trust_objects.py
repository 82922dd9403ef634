"""A trust object says what it says, and one that is misspelt says nothing."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.importing import ImportRule
from discovery.names import Origin, PublicKey
from discovery.refusals import Refusal, Refused
from discovery.trust_objects import (
    ClusterKey,
    ClusterTrust,
    FleetKey,
    FleetTrust,
    object_name,
    read_trust_object,
)

ONE, TWO = PublicKey(b"1" * 32), PublicKey(b"2" * 32)
TIME = "2027-01-31T00:00:00Z"
TIME_MS = 1_801_353_600_000
NOTHING = ImportRule(services=())


def shown(key: PublicKey) -> str:
    return b64encode(key).decode()


def document(
    kind: str, name: str = "east", grant: object = None, **spec: object
) -> dict[str, object]:
    spec |= {} if grant is None else {"import": grant}
    metadata = {"name": name, "uid": "any", "resourceVersion": "7"}
    return {
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
        "status": {"floor": "any"},
    }


def faults(of: dict[str, object]) -> str:
    with pytest.raises(Refused) as caught:
        read_trust_object(of)
    assert caught.value.reason is Refusal.MALFORMED
    return caught.value.what


def test_the_shortest_cluster_grants_nothing() -> None:
    read = read_trust_object(
        document("TrustedCluster", keys=[{"generation": 1, "key": shown(ONE)}])
    )
    assert read == ClusterTrust("east", Origin("east"), "", (ClusterKey(1, ONE),), NOTHING)
    assert read.subject == "TrustedCluster/east"


def test_all_that_a_cluster_can_say() -> None:
    keys = [
        {"generation": 2, "key": TWO.hex()},
        {"generation": 1, "key": shown(ONE), "notAfter": TIME},
    ]
    grant = {"services": ["shop/*", "*/web"], "precedence": -3, "policies": True}
    read = read_trust_object(
        document("TrustedCluster", "any.name", cluster="west", uid="u-1", keys=keys, grant=grant)
    )
    assert read == ClusterTrust(
        "any.name",
        Origin("west"),
        "u-1",
        (ClusterKey(1, ONE, TIME_MS), ClusterKey(2, TWO)),
        ImportRule(services=(("shop", "*"), ("*", "web")), precedence=-3, policies=True),
    )


def test_all_that_a_fleet_can_say() -> None:
    keys = [{"key": shown(ONE), "notAfter": TIME}, {"key": shown(TWO)}]
    read = read_trust_object(
        document(
            "TrustedFleet",
            keys=keys,
            clusters=["prod-*", "east"],
            grant={"relayOnly": True},
        )
    )
    rule = ImportRule(services=(), relay_only=True)
    fleet_keys = (FleetKey(ONE, TIME_MS), FleetKey(TWO))
    assert read == FleetTrust("east", fleet_keys, ("prod-*", "east"), rule)
    assert read.subject == "TrustedFleet/east"


@pytest.mark.parametrize(
    ("patterns", "cluster", "closeness"),
    [
        (("*",), "east", 0),
        (("*", "e*"), "east", 1),
        (("e*", "east"), "east", 4),
        (("west", "e*t"), "east", 2),
        (("west", "e*x"), "east", -1),
    ],
)
def test_the_closest_pattern_counts(
    patterns: tuple[str, ...], cluster: str, closeness: int
) -> None:
    fleet = FleetTrust("f", (FleetKey(ONE),), patterns, NOTHING)
    assert fleet.closeness(Origin(cluster)) == closeness


def test_all_faults_of_an_object_are_told_at_once() -> None:
    wrong = document(
        "TrustedCluster",
        "east",
        cluster="East",
        uid="",
        key="typo",
        keys=[
            {"generation": -1, "key": "short", "notAfter": "soon"},
            {"generation": 1, "key": shown(ONE), "notafter": TIME},
            {"generation": 1, "key": shown(ONE)},
        ],
        grant={"service": ["*/*"], "services": ["*"], "policies": "yes", "relayOnly": True},
    )
    assert faults(wrong) == (
        "TrustedCluster/east: "
        "spec.key: is not known; known are cluster, uid, keys, import; "
        "spec.cluster: must be the name of a cluster, an RFC 1123 label; "
        "spec.uid: must have 1 to 64 characters; "
        "spec.keys[0].generation: must be a whole number from 0 to 9223372036854775807; "
        "spec.keys[0].key: must be the 32 bytes of a public key as base64 or hex; "
        'spec.keys[0].notAfter: must be a text such as "2027-01-31T00:00:00Z", in quotes; '
        "spec.keys[1].notafter: is not known; known are generation, key, notAfter; "
        "spec.keys: must not have one generation twice; "
        "spec.keys: must not have one key twice; "
        "spec.import.service: is not known; known are services, precedence, policies, relayOnly; "
        "spec.import.services[0]: must be NAMESPACE/NAME, such as shop/*; "
        "spec.import.policies: must be true or false; "
        "spec.import.relayOnly: must not stand beside services or policies: choose one"
    )


@pytest.mark.parametrize(
    ("of", "what"),
    [
        ({}, "/: apiVersion: must be isthmus.dev/v1alpha1"),
        ({"kind": 7, "metadata": 8}, "kind: must be TrustedCluster or TrustedFleet"),
        (document("TrustedCluster") | {"extra": 1}, "extra: is not known"),
        (document("TrustedCluster", ""), "metadata.name: must be the name of an object"),
        (document("TrustedCluster", "a.b", keys=[]), "spec.cluster: must be the name"),
        (document("TrustedCluster"), "spec.keys: must be a list of 1 to 8"),
        (document("TrustedCluster") | {"spec": None}, "spec: must be a mapping"),
        (document("TrustedFleet", clusters=["prod-?"]), "spec.clusters[0]: must be a name or"),
        (document("TrustedFleet", clusters=["[a-z]"]), "spec.clusters[0]: must be a name or"),
        (document("TrustedFleet", clusters="*"), "spec.clusters: must be a list of 1 to 64"),
        (document("TrustedFleet", keys=[{"key": shown(ONE)}] * 2), "must not have one key twice"),
        (document("TrustedFleet", grant={"services": ["a/b/c"]}), "must be NAMESPACE/NAME"),
        (document("TrustedFleet", grant={"services": ["A/b"]}), "must be NAMESPACE/NAME"),
        (document("TrustedFleet", grant={"precedence": 1_001}), "must be a whole number"),
        (document("TrustedFleet", grant=[]), "spec.import: must be a mapping"),
    ],
)
def test_a_fault_names_its_object_and_field(of: dict[str, object], what: str) -> None:
    assert what in faults(of)


def test_policies_and_relaying_alone_exclude_each_other() -> None:
    grant = {"policies": True, "relayOnly": True}
    assert "relayOnly: must not stand beside" in faults(document("TrustedFleet", grant=grant))


FIELDS = st.sampled_from(
    ["kind", "metadata", "name", "spec", "keys", "key", "cluster", "import", "services", "uid", "x"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(FIELDS, JSON), st.sampled_from(["TrustedCluster", "TrustedFleet"]))
def test_any_object_is_refused_with_bounded_words(of: dict[str, object], kind: str) -> None:
    of = {"apiVersion": "isthmus.dev/v1alpha1", "kind": kind, "metadata": {"name": "n"}} | of
    what = faults(of)
    assert what.startswith("/".join(object_name(of)) + ": ")
    assert len(what) < 8_000
