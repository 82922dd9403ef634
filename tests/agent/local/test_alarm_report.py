"""Everything that stands now is in one list, with what helps."""

from agent.local.alarm_report import ALARM, NOTICE, REMEDIES, alarms_document, alarms_of
from agent.local.facts import AgentAlarm, AgentFacts, DriverFacts, DriverProblem, Fault, StoreFacts
from agent.objects import list_at
from discovery.alarms import Alarm
from discovery.keys import endpoints_key
from discovery.recordset import RecordSet
from discovery.trust_events import ObjectApplied
from discovery.verdict_events import ClusterAlarm
from discovery.wall_time import WallClockRead
from failure_detect.clock import MINUTE, SECOND
from tests.agent.local.scenes import STARTED, bridge_facts, light_facts, met
from tests.discovery.bridgehead import (
    API,
    EAST,
    START,
    WALL,
    WEB,
    WEST,
    Bridgehead,
    died,
    manifest_of,
    pods,
    trusted,
)
from tests.discovery.test_policy import policy_object


def names(facts: AgentFacts) -> list[tuple[object, object]]:
    return [(each["name"], each["subject"]) for each in alarms_of(facts)]


def test_where_all_is_well_there_is_none() -> None:
    assert alarms_of(bridge_facts(met())) == []
    assert alarms_of(light_facts()) == []


def test_a_cluster_that_is_stale_is_an_alarm_with_its_evidence_and_a_remedy() -> None:
    head = met()
    head.wait(60 * MINUTE)
    [first, second] = alarms_of(bridge_facts(head))
    assert first == {
        "name": "stale",
        "severity": ALARM,
        "subject": "cluster east",
        "message": "it is alive, and its manifest is past its lifetime",
        "remedy": REMEDIES["stale"],
        "since": None,
    }
    assert second["subject"] == "cluster west"


def test_faults_of_this_machine_and_its_store_bring_their_own_remedy() -> None:
    full = Fault("state/sets", "no space left on the device", "free some", START)
    broken = Fault("web.yaml:3", "is no YAML: found a tab", "indent by spaces")
    facts = light_facts(faults=(full,), store=StoreFacts(description="x", faults=(broken,)))
    found = alarms_of(facts)
    assert [(each["name"], each["remedy"]) for each in found] == [
        ("machine-fault", "free some"),
        ("store-fault", "indent by spaces"),
    ]
    assert found[0]["since"] == STARTED


def test_what_the_core_and_the_driver_say_is_there_and_alarms_come_first() -> None:
    problem = DriverProblem(WEB, "WeightsNotSupported", "traffic is spread evenly")
    alarm = AgentAlarm("two-publishers", "another agent writes with our lease", START)
    facts = light_facts(driver=DriverFacts(problems=(problem,)), alarms=(alarm,))
    found = alarms_of(facts)
    assert [each["severity"] for each in found] == [ALARM, NOTICE]
    assert names(facts) == [
        ("two-publishers", "agent on node-1"),
        ("driver", "service shop/web"),
    ]


def test_trust_policies_and_records_that_are_refused_are_there() -> None:
    head = Bridgehead()
    bad = trusted("north").document
    head.tell(ObjectApplied({**bad, "spec": {}}))
    head.bridge.view.set_local_policies([policy_object({"mode": "Nearest"})])
    found = names(bridge_facts(head))
    assert ("policy-refused", "TrafficPolicy shop/p") in found
    assert any(name == "trust" and "north" in str(subject) for name, subject in found)


def test_two_sets_of_one_version_are_an_alarm_of_equivocation() -> None:
    head = met()
    other = RecordSet.of(pods([200]))
    head.hear(EAST, manifest_of(EAST, other, 1), other)
    assert ("equivocation", "cluster east") in names(bridge_facts(head))


def test_an_alarm_of_our_own_publisher_is_there_under_its_name() -> None:
    head = met()
    head.wait(10 * SECOND)
    head.tell(WallClockRead(WALL + 86_400_000))
    assert ("clock-step", "cluster home") in names(bridge_facts(head))


def test_the_document_is_a_list() -> None:
    document = alarms_document(bridge_facts(met()))
    assert (document["kind"], list_at(document, "items")) == ("AlarmList", [])


def test_each_alarm_has_a_remedy_and_each_remedy_an_alarm() -> None:
    known = {*(each.value for each in Alarm), *(each.value for each in ClusterAlarm)}
    assert REMEDIES.keys() == known | {"equivocation", "isolated"}


def test_a_record_that_is_refused_and_what_is_not_imported_are_notices() -> None:
    head = met()
    trust = trusted("east").document
    spec = {**trust["spec"], "import": {"services": ["shop/web"]}}  # type: ignore[dict-item]  # It is a mapping.
    head.tell(ObjectApplied({**trust, "spec": spec}))
    head.publish(EAST, {**pods(range(3)), **pods([5], API), endpoints_key(WEB, 0): b"junk"})
    found = alarms_of(bridge_facts(head))
    assert [(each["name"], each["severity"], each["subject"]) for each in found] == [
        ("record-refused", NOTICE, "cluster east, shop/web"),
        ("not-imported", NOTICE, "cluster east"),
    ]
    assert str(found[0]["message"]).endswith("the last good one is in force")
    assert found[1]["message"] == "1 of its services or policies are not imported (service)"


def test_all_lost_is_about_all_clusters_and_isolation_about_this_agent() -> None:
    head = met()
    head.tell(died(EAST), died(WEST))
    head.wait(MINUTE)
    assert ("all-lost", "all clusters") in names(bridge_facts(head))
