"""What becomes of a policy: where it holds, where another does, and what is wrong with it."""

from collections.abc import Mapping

from discovery.keys import policy_key
from discovery.names import ServiceName
from discovery.policy import Scope, TrafficPolicy, packed_spec, read_policy
from discovery.policy_status import NamesNobody, Overtaken, PolicyStatus, why_not_travelling
from discovery.records import PolicyRecord, encode_policy
from discovery.standing import Verdict
from tests.discovery.test_policy import policy_object
from tests.discovery.view_world import BANK, CART, SHOP, A, B, World, endpoints, exported, two

P, Q = ServiceName("shop", "p"), ServiceName("shop", "q")


def world(*objects: Mapping[str, object]) -> World:
    """Checkout and cart of two clusters, and a bank; these policies."""
    made = two()
    made.put(B, {**exported(CART, endpoints("10.1.1.1")), **exported(BANK, endpoints("10.1.2.1"))})
    made.view.set_local_policies(objects)
    return made


def status(made: World, name: ServiceName = P) -> PolicyStatus:
    found = made.view.policy(name)
    assert found is not None
    return found


def test_a_policy_of_a_namespace_holds_where_none_of_a_service_does() -> None:
    everywhere, one = policy_object({}), policy_object({"service": "checkout"}, name="q")
    made = world(everywhere, one)
    why = "one for the service wins over one for its namespace"
    overtaken = Overtaken(SHOP, Q, None, why, is_conflict=False)
    assert status(made) == PolicyStatus(
        name=P, policy=read_policy(everywhere), holds=(CART,), overtaken=(overtaken,)
    )
    assert status(made, Q) == PolicyStatus(name=Q, policy=read_policy(one), holds=(SHOP,))
    assert made.view.policy(ServiceName("bank", "p")) is None


def test_who_is_overtaken_by_an_equal_is_in_conflict() -> None:
    made = world(policy_object({"service": "cart"}), policy_object({"service": "cart"}, name="q"))
    [lost] = status(made, Q).overtaken
    assert (lost.by, lost.is_conflict, lost.why) == (P, True, "the other comes first by name")
    assert not status(made, Q).is_about_nothing
    made.view.set_local_policies([policy_object({"service": "cart"}, name="q")])
    assert status(made, Q).holds == (CART,)


def test_a_malformed_object_tells_its_faults_and_what_still_counts_of_it() -> None:
    made = world(policy_object({"mode": "Nearest"}))
    refused = status(made)
    assert refused.is_refused
    assert refused.is_about_nothing
    assert refused.policy is None
    assert [each.field for each in refused.faults] == ["spec.mode"]
    good = policy_object({"service": "cart"})
    made.view.set_local_policies([good])
    assert not status(made).is_refused
    made.view.set_local_policies([policy_object({"service": "cart", "weight": 1})])
    assert status(made).is_refused
    assert (status(made).policy, status(made).holds) == (read_policy(good), (CART,))
    made.view.set_local_policies([])
    assert made.view.policy(P) is None


def test_a_policy_that_names_nobody_who_serves_says_so_by_service() -> None:
    made = world(policy_object({"mode": "FailOver", "clusters": ["c"]}))
    what = "TrafficPolicy shop/p names c, none of which serves it"
    assert status(made).holds == (CART, SHOP)
    assert status(made).names_nobody == (NamesNobody(CART, what),)
    made.stands(B, Verdict.DEPARTED)
    assert (status(made).holds, status(made).names_nobody) == ((SHOP,), ())


def test_a_policy_about_a_service_that_nobody_has_is_about_nothing() -> None:
    found = status(world(policy_object({"service": "chekout"})))
    assert found.is_about_nothing
    assert not found.is_refused


def test_a_policy_of_the_fleet_travels_when_our_own_set_has_it_as_it_is() -> None:
    fleet = policy_object({"scope": "fleet", "service": "cart"})
    made = world(fleet)
    assert (status(made).travels, status(made).cannot_travel) == (False, "")
    record = PolicyRecord(spec=packed_spec(read_policy(fleet)))
    made.put(A, {policy_key("shop", "p"): encode_policy(record)})
    assert status(made).travels
    assert status(made).holds == (CART,)
    made.view.set_local_policies([policy_object({"scope": "fleet", "service": "checkout"})])
    assert not status(made).travels
    made.view.set_local_policies([policy_object({"service": "cart"})])
    assert not status(made).travels


def test_what_fits_into_no_record_cannot_travel() -> None:
    names = [f"{'a' * 58}{number}" for number in range(400)]
    spec = {"scope": "fleet", "mode": "FailOver", "clusters": names}
    found = status(world(policy_object(spec)))
    assert found.policy is not None
    assert "16384" in found.cannot_travel
    assert found.holds == (CART, SHOP)
    local = world(policy_object({**spec, "scope": "cluster"}))
    assert status(local).cannot_travel == ""
    nameless = TrafficPolicy(namespace="shop", name="No Name", scope=Scope.FLEET)
    assert "is no name of an object" in why_not_travelling(nameless)
