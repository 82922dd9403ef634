"""Conditions: what is said of services and policies, and when it is written."""

import pytest

from agent.drivers.conditions import (
    MESSAGE_CHARACTERS_MAX,
    SERVED,
    Said,
    Status,
    generation_of,
    policy_conditions,
    served_condition,
    status_to_apply,
    with_times,
)
from agent.drivers.plan import Condition, Reason
from discovery.names import Origin, ServiceName
from tests.discovery.view_world import SHOP, A, B, World, endpoints, exported

NO_POD = Condition(Reason.NO_LOCAL_POD, Origin(""), "run a placeholder")
ROOT = Condition(Reason.ROOT_DIFFERS, B, "another root")
WEIGHTS = Condition(Reason.WEIGHTS_NOT_HELD, Origin(""), "b gets 50 % and should get 90 %")
DAY_MS = 86_400_000


def test_a_service_without_findings_is_served() -> None:
    assert served_condition((), 3) == Said(SERVED, Status.TRUE, "Served", "", 3)


def test_findings_are_the_reasons_and_the_message() -> None:
    said = served_condition((NO_POD, ROOT, ROOT))
    assert said.status is Status.FALSE
    assert said.reason == "NoLocalPod,MeshRootDiffers"
    assert said.message == "run a placeholder; b: another root; b: another root"


def test_a_time_is_that_of_the_last_change_of_the_status() -> None:
    first = with_times((), [served_condition(())], DAY_MS)
    assert first == [
        {
            "type": SERVED,
            "status": "True",
            "reason": "Served",
            "message": "",
            "lastTransitionTime": "1970-01-02T00:00:00Z",
        }
    ]
    worse = with_times(first, [served_condition((NO_POD,))], 2 * DAY_MS)
    assert worse[0]["lastTransitionTime"] == "1970-01-03T00:00:00Z"
    other = with_times(worse, [served_condition((ROOT,), 4)], 3 * DAY_MS)
    assert other[0]["lastTransitionTime"] == "1970-01-03T00:00:00Z"
    assert other[0]["observedGeneration"] == 4


def test_a_status_is_written_only_where_it_differs() -> None:
    said = [served_condition((NO_POD,), 1)]
    status = status_to_apply({}, said, DAY_MS)
    assert status is not None
    assert status_to_apply({"status": status}, said, 9 * DAY_MS) is None
    reworded = [Said(SERVED, Status.FALSE, "NoLocalPod", "other words", 1)]
    assert status_to_apply({"status": status}, reworded, 9 * DAY_MS) is not None


def test_conditions_of_others_do_not_matter() -> None:
    theirs = {"type": "Theirs", "status": "True"}
    status = status_to_apply({"status": {"conditions": [theirs, "broken"]}}, [], DAY_MS)
    assert status is None


def test_a_message_is_cut_and_a_reason_must_be_one() -> None:
    long = Said("X", Status.UNKNOWN, "Y", "z" * 50_000)
    assert len(str(with_times((), [long], 0)[0]["message"])) == MESSAGE_CHARACTERS_MAX
    with pytest.raises(ValueError, match="no reason of a condition"):
        Said("X", Status.TRUE, "no reason")


def test_generations_are_read_where_there_are_any() -> None:
    assert generation_of({"metadata": {"generation": 7}}) == 7
    assert generation_of({}) is None


# --- policies ----------------------------------------------------------------------------


def policy(name: str = "p", **spec: object) -> dict[str, object]:
    return {
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "TrafficPolicy",
        "metadata": {"namespace": "shop", "name": name},
        "spec": spec,
    }


def conditions_of(
    world: World, name: str = "p", *findings: Condition
) -> dict[str, tuple[str, str, str]]:
    status = world.view.policy(ServiceName("shop", name))
    assert status is not None
    said = policy_conditions(status, {SHOP: findings}, 1)
    return {each.type: (each.status.value, each.reason, each.message) for each in said}


def served() -> World:
    world = World()
    world.put(B, exported(SHOP, endpoints("10.1.0.1")))
    return world


def test_a_policy_that_holds_and_can_be_held_is_all_well() -> None:
    world = served()
    world.view.set_local_policies([policy(mode="FailOver", clusters=["b"])])
    assert conditions_of(world, "p", NO_POD) == {
        "Accepted": ("True", "Accepted", ""),
        "InForce": ("True", "InForce", "it holds for shop/checkout"),
        "Expressed": ("True", "Expressed", ""),
        "Conflicted": ("False", "NoConflicts", ""),
    }


def test_what_a_mesh_cannot_express_of_a_policy_is_told_there() -> None:
    world = served()
    world.view.set_local_policies([policy(mode="ActiveActive", weights={"b": 9, "a": 1})])
    status, reason, words = conditions_of(world, "p", NO_POD, WEIGHTS)["Expressed"]
    assert (status, reason) == ("False", "WeightsNotHeld")
    assert words == "shop/checkout: b gets 50 % and should get 90 %"


def test_a_malformed_policy_names_every_field_and_what_holds_meanwhile() -> None:
    world = served()
    bad = policy(mode="Sideways", minimumHealthyPercent=0)
    world.view.set_local_policies([bad])
    found = conditions_of(world)
    assert found["Accepted"][:2] == ("False", "Malformed")
    assert "spec.mode" in found["Accepted"][2]
    assert "spec.minimumHealthyPercent" in found["Accepted"][2]
    assert found["InForce"][:2] == ("False", "NothingGood")
    world.view.set_local_policies([policy()])
    world.view.set_local_policies([bad])
    assert "last good version holds" in conditions_of(world)["Accepted"][2]
    assert conditions_of(world)["InForce"][0] == "True"


def test_a_policy_about_nothing_says_so() -> None:
    world = served()
    world.view.set_local_policies([policy(service="chekout")])
    assert conditions_of(world)["InForce"][:2] == ("False", "AboutNothing")


def test_a_policy_that_names_nobody_who_serves_says_so() -> None:
    world = served()
    world.view.set_local_policies([policy(mode="FailOver", clusters=["typo"])])
    assert "typo" in conditions_of(world)["InForce"][2]


def test_a_policy_that_another_one_overtakes_names_it() -> None:
    world = served()
    world.view.set_local_policies([policy("p"), policy("q", service="checkout")])
    status, reason, words = conditions_of(world)["InForce"]
    assert (status, reason) == ("False", "Overtaken")
    assert "shop/q" in words
    world.view.set_local_policies([policy("o"), policy("p")])
    assert conditions_of(world)["Conflicted"][:2] == ("True", "Conflicted")
    assert A not in world.sets


def test_a_policy_too_large_to_travel_says_so() -> None:
    world = served()
    clusters = [f"{'x' * 50}-{number}" for number in range(500)]
    world.view.set_local_policies([policy(scope="fleet", mode="FailOver", clusters=clusters)])
    assert conditions_of(world)["Accepted"][:2] == ("False", "CannotTravel")
