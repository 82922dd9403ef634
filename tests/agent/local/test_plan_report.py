from agent.local.facts import DriverFacts
from agent.local.plan_report import plan_document
from agent.objects import SERVICE, ObjectKey, at, list_at
from agent.writes import Apply, Delete
from failure_detect.clock import SECOND
from tests.agent.local.scenes import light_facts
from tests.discovery.bridgehead import START


def test_writes_come_in_order_and_whole() -> None:
    document = {"kind": "Service", "metadata": {"namespace": "shop", "name": "web"}}
    writes = (
        Apply(ObjectKey(SERVICE, "shop", "web"), document, "east serves it"),
        Delete(ObjectKey(SERVICE, "shop", "old"), "nobody serves it"),
    )
    driver = DriverFacts(name="osm-endpoints", planned=writes, next_at=START + SECOND)
    found = plan_document(light_facts(driver=driver, dry_run=True, frozen="upgrade"))
    assert list_at(found, "writes") == [
        {
            "action": "Apply",
            "kind": "Service",
            "namespace": "shop",
            "name": "web",
            "why": "east serves it",
            "object": document,
        },
        {
            "action": "Delete",
            "kind": "Service",
            "namespace": "shop",
            "name": "old",
            "why": "nobody serves it",
            "object": None,
        },
    ]
    assert (at(found, "dryRun"), at(found, "frozen")) == (True, "upgrade")
    assert at(found, "nextWriteAt") == "2027-01-15T08:00:01Z"
