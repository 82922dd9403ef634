"""One agent: its role, what it holds, what it refused, and why it is not ready."""

from agent.local.facts import (
    DriverFacts,
    Fault,
    LeaseFacts,
    Role,
    StoreFacts,
    TransportFacts,
    Written,
)
from agent.local.status_report import status_document
from agent.objects import SERVICE, ObjectKey, at, list_at
from discovery.names import Origin
from discovery.recordset import RecordSet
from discovery.refusals import Refusal, Remembered
from failure_detect.clock import SECOND
from failure_detect.events import DatagramReceived
from tests.agent.local.scenes import STARTED, bridge_facts, light_facts, met
from tests.discovery.bridgehead import EAST, START, WEB, identity, manifest_of, member, pods


def test_a_light_agent_has_no_wan_and_no_sets() -> None:
    found = status_document(light_facts())
    assert [at(found, each) for each in ("cluster", "node", "role", "startedAt")] == [
        "home",
        "node-1",
        "light",
        STARTED,
    ]
    assert at(found, "pools", "wan") is None
    assert [at(found, each) for each in ("sets", "publisher", "isolation", "lease")] == [None] * 4
    assert at(found, "pools", "lan", "alive") == 2
    assert at(found, "bridges", 0, "self") is False
    assert at(found, "readiness") == {"ready": True, "reasons": []}


def test_a_bridge_tells_what_it_holds_by_verdict() -> None:
    found = status_document(bridge_facts(met(), role=Role.PUBLISHER))
    assert at(found, "role") == "publisher"
    assert at(found, "uptimeSeconds") == 60
    assert at(found, "sets", "clusters") == 2
    assert at(found, "sets", "verdicts", "live") == 2
    assert at(found, "sets", "healthyEndpoints") == 6
    assert at(found, "publisher", "publishes") is False
    assert at(found, "isolation") == {"cutOff": False, "pool": 1, "lost": 0}


def test_what_the_core_alone_knows_is_there() -> None:
    key = ObjectKey(SERVICE, "shop", "web")
    write = Written(key, "east serves it", START)
    facts = light_facts(
        lease=LeaseFacts(holder="node-0", epoch=7, transitions=2),
        store=StoreFacts(
            description="directory east",
            objects={"Service": 3},
            is_synced=True,
            faults=(Fault("web.yaml", "is no YAML", "mend it", START),),
        ),
        transport=TransportFacts(dropped={"datagrams": 4}, refused={"replay": 1}),
        driver=DriverFacts(
            name="osm-endpoints", last=(write,), last_at=START, objects={WEB: (write,)}
        ),
        frozen="upgrade",
        not_ready=("no store was listed yet",),
    )
    found = status_document(facts)
    assert at(found, "lease") == {
        "holder": "node-0",
        "ours": False,
        "validUntil": None,
        "epoch": 7,
        "transitions": 2,
    }
    assert at(found, "store", "objects") == {"Service": 3}
    assert at(found, "store", "faults", 0, "since") == STARTED
    assert at(found, "transport", "dropped") == {"datagrams": 4}
    assert (at(found, "driver", "lastWriteAt"), at(found, "driver", "objects")) == (STARTED, 1)
    assert at(found, "driver", "lastWrites", 0, "name") == "web"
    assert at(found, "frozen") == "upgrade"
    assert at(found, "readiness", "reasons") == ["no store was listed yet"]


def test_refused_input_is_told_by_whom_and_why_with_the_latest_words() -> None:
    head = met()
    stranger = Origin("north")
    records = RecordSet.of(pods([1]))
    head.hear(stranger, manifest_of(stranger, records), records, member(EAST))
    own = (Remembered(Refusal.MALFORMED, "", "Service web.yaml: no name", 2),)
    facts = bridge_facts(head, refused=own)
    facts.lan.handle(DatagramReceived(identity(EAST).member, b"x"), START + SECOND)
    found = list_at(status_document(facts), "refused")
    assert {
        "by": "agent",
        "reason": "malformed",
        "cluster": "",
        "count": 2,
        "latest": "Service web.yaml: no name",
    } in found
    assert {"by": "lan", "reason": "malformed", "cluster": "", "count": 1, "latest": ""} in found
    [untrusted] = [each for each in found if at(each, "by") == "sets"]
    assert (at(untrusted, "reason"), at(untrusted, "count")) == ("untrusted", 1)
    assert "north" in str(at(untrusted, "latest"))
