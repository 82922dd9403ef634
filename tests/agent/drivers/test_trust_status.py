"""The status of trust objects, and floors read back from it."""

from hypothesis import given
from hypothesis import strategies as st

from agent.drivers.trust_status import (
    CLUSTERS_MAX,
    OBSERVE_EVERY_MS,
    ClusterSeen,
    floors_in,
    trust_status,
)
from agent.objects import TRUSTED_CLUSTER, TRUSTED_FLEET, Document, ObjectKey, at, list_at, text_at
from discovery.manifest import Order
from discovery.names import Origin
from discovery.problems import Problem
from discovery.standing import Standing, Verdict

EAST, WEST = Origin("east"), Origin("west")
FLOOR = Order(3, 1_795_000_000_000, 17, bytes(range(32)))
NOW = 1_795_000_000_000


def document(kind: str = "TrustedCluster", **fields: object) -> Document:
    metadata = {"name": "east", "generation": 2}
    return {"apiVersion": "isthmus.dev/v1alpha1", "kind": kind, "metadata": metadata, **fields}


def seen(
    verdict: Verdict = Verdict.LIVE, why: str = "reachable", floor: Order = FLOOR
) -> ClusterSeen:
    return ClusterSeen(EAST, Standing(verdict, 0, why), floor)


def written(
    before: Document, cluster: ClusterSeen, *problems: Problem, at_ms: int = NOW
) -> Document | None:
    word = trust_status(before, problems, [cluster], at_ms)
    return None if word is None else word.status


def conditions(status: Document | None) -> dict[str, tuple[str, str, str]]:
    return {
        text_at(each, "type"): (
            text_at(each, "status"),
            text_at(each, "reason"),
            text_at(each, "message"),
        )
        for each in list_at(status, "conditions")
    }


def test_a_status_names_verdict_and_floor() -> None:
    word = trust_status(document(), [], [seen()], NOW)
    assert word is not None
    assert word.key == ObjectKey(TRUSTED_CLUSTER, "", "east")
    assert word.api_version == "isthmus.dev/v1alpha1"
    assert at(word.status, "clusters", 0) == {
        "name": "east",
        "verdict": "live",
        "why": "reachable",
        "floor": {**FLOOR._asdict(), "root": FLOOR.root.hex()},
    }
    assert conditions(word.status) == {
        "Accepted": ("True", "Accepted", ""),
        "Serving": ("True", "Live", "reachable"),
    }
    assert floors_in({**document(), "status": word.status}) == {EAST: FLOOR}


def test_a_cluster_that_is_the_last_choice_or_gone_is_not_serving() -> None:
    for verdict in (Verdict.DEGRADED, Verdict.UNREACHABLE, Verdict.EXPIRED, Verdict.DEPARTED):
        status = written(document(), seen(verdict))
        assert conditions(status)["Serving"][:2] == ("False", verdict.value.title())


def test_a_cluster_that_was_never_heard_of_is_unknown() -> None:
    status = written(document(), ClusterSeen(EAST, None, None))
    assert conditions(status)["Serving"][:2] == ("Unknown", "NotHeardOf")
    assert at(status, "clusters", 0) == {"name": "east"}


def test_problems_of_the_object_and_its_cluster_are_told_and_no_others() -> None:
    problems = [
        Problem("TrustedCluster/east", "spec.keys: must not have one key twice"),
        Problem("cluster east", "the key expires"),
        Problem("cluster west", "not ours to tell"),
    ]
    status, reason, words = conditions(written(document(), seen(), *problems))["Accepted"]
    assert (status, reason) == ("False", "Problems")
    assert "must not have one key twice" in words
    assert "the key expires" in words
    assert "west" not in words


def test_a_fleet_names_its_clusters_by_name_and_no_more_than_fit() -> None:
    clusters = [ClusterSeen(Origin(f"c{n:04}"), None, FLOOR) for n in reversed(range(600))]
    word = trust_status(document("TrustedFleet"), [], clusters, NOW)
    assert word is not None
    assert word.key.kind == TRUSTED_FLEET
    names = [text_at(each, "name") for each in list_at(word.status, "clusters")]
    assert names == [f"c{n:04}" for n in range(CLUSTERS_MAX)]
    assert set(conditions(word.status)) == {"Accepted"}


def test_floors_and_words_alone_are_not_worth_a_write_at_every_moment() -> None:
    before = document(status=written(document(), seen()))
    assert written(before, seen(), at_ms=NOW + 10 * OBSERVE_EVERY_MS) is None
    later = seen(floor=FLOOR._replace(version=18), why="other words")
    assert written(before, later, at_ms=NOW + OBSERVE_EVERY_MS - 1_000) is None
    assert written(before, later, at_ms=NOW + OBSERVE_EVERY_MS) is not None
    assert written(before, seen(Verdict.STALE), at_ms=NOW) is not None
    assert written(before, seen(), Problem("cluster east", "x"), at_ms=NOW) is not None


def test_a_clock_that_went_back_keeps_nobody_waiting() -> None:
    before = document(status=written(document(), seen()))
    later = seen(floor=FLOOR._replace(version=18))
    assert written(before, later, at_ms=NOW - 10_000) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(JSON, JSON)
def test_whatever_a_status_holds_only_floors_are_read_and_a_new_one_is_written(
    status: object, floor: object
) -> None:
    clusters = [{"name": "east", "floor": floor}, {"name": "NO", "floor": FLOOR._asdict()}]
    for each in (document(status=status), document(status={"clusters": clusters})):
        assert all(len(order.root) == 32 for order in floors_in(each).values())
        assert written(each, seen(Verdict.DRAINING)) is not None


def test_a_floor_that_is_none_is_left_out() -> None:
    good = {**FLOOR._asdict(), "root": FLOOR.root.hex()}
    for bad in ({"epoch": -1}, {"version": True}, {"generation": 1 << 63}, {"root": "zz"}):
        clusters = [{"name": "west", "floor": {**good, **bad}}]
        assert floors_in(document(status={"clusters": clusters})) == {}
    assert floors_in(document(status={"clusters": [{"name": "west", "floor": good}]})) == {
        WEST: FLOOR
    }
