from agent.local.policy_report import policies_document
from agent.objects import list_at
from tests.agent.local.scenes import bridge_facts, met
from tests.discovery.test_policy import policy_object


def test_each_policy_says_where_it_holds_where_not_and_what_is_wrong() -> None:
    head = met()
    failover = {"service": "web", "mode": "FailOver", "clusters": ["south"]}
    objects = [
        policy_object(failover),
        policy_object({}, name="q"),
        policy_object({"mode": "Nearest"}, name="bad"),
    ]
    head.bridge.view.set_local_policies(objects)
    bad, narrow, wide = list_at(policies_document(bridge_facts(head), head.bridge), "items")
    assert isinstance(bad, dict)
    assert isinstance(narrow, dict)
    assert isinstance(wide, dict)
    assert (bad["name"], bad["refused"], bad["spec"]) == ("bad", True, None)
    assert [fault["field"] for fault in bad["faults"]] == ["spec.mode"]
    assert (narrow["name"], narrow["holdsFor"], narrow["refused"]) == ("p", ["shop/web"], False)
    assert narrow["namesNobody"] == [
        {
            "service": "shop/web",
            "message": "TrafficPolicy shop/p names south, none of which serves it",
        }
    ]
    assert narrow["spec"] == {
        "service": "web",
        "scope": "cluster",
        "mode": "FailOver",
        "clusters": ["south"],
        "weights": {},
        "minimumHealthyPercent": 70,
    }
    assert wide["holdsFor"] == ["shop/api"]
    assert wide["overtaken"] == [
        {
            "service": "shop/web",
            "by": "shop/p",
            "cluster": None,
            "why": "one for the service wins over one for its namespace",
            "conflict": False,
        }
    ]
