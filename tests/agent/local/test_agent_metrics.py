from agent.local.agent_metrics import AGENT_METRICS
from agent.local.facts import (
    AgentAlarm,
    DriverFacts,
    DriverProblem,
    Fault,
    LeaseFacts,
    Role,
    StoreFacts,
    TransportFacts,
    Written,
)
from agent.objects import SERVICE, ObjectKey
from discovery.refusals import Refusal, Remembered
from failure_detect.clock import SECOND
from tests.agent.local.readings import scraped
from tests.agent.local.scenes import light_facts
from tests.discovery.bridgehead import START, WALL, WEB

KEY = ObjectKey(SERVICE, "shop", "web")


EXPECTED = {
    ("isthmus_agent_info", ("home", "node-1", "0.1.0")): 1,
    ("isthmus_agent_start_time_seconds", ()): WALL / 1_000,
    ("isthmus_agent_ready", ()): 1,
    ("isthmus_agent_role", ("publisher",)): 1,
    ("isthmus_agent_role", ("light",)): 0,
    ("isthmus_agent_frozen", ()): 1,
    ("isthmus_agent_dry_run", ()): 0,
    ("isthmus_alarms", ("two-publishers", "alarm")): 1,
    ("isthmus_alarms", ("store-fault", "alarm")): 1,
    ("isthmus_refused_total", ("agent", "malformed")): 12,
    ("isthmus_refused_total", ("transport", "replay")): 7,
    ("isthmus_lease_held", ()): 1,
    ("isthmus_lease_transitions_total", ()): 3,
    ("isthmus_store_synced", ()): 1,
    ("isthmus_store_faults", ("syntax",)): 1,
    ("isthmus_store_objects", ("Service",)): 4,
    ("isthmus_store_operations_total", ("applies",)): 5,
    ("isthmus_transport_events_total", ("datagrams-received",)): 6,
    ("isthmus_queue_length", ("datagrams",)): 8,
    ("isthmus_queue_dropped_total", ("datagrams",)): 9,
    ("isthmus_transport_sessions", ()): 10,
    ("isthmus_driver_objects", ()): 1,
    ("isthmus_driver_planned_writes", ()): 0,
    ("isthmus_driver_last_write_time_seconds", ()): WALL / 1_000 + 1,
    ("isthmus_driver_problems", ("SinglePort",)): 1,
    ("isthmus_driver_operations_total", ("applied",)): 11,
}


def test_everything_that_the_core_tells_is_a_metric() -> None:
    found = scraped(
        light_facts(
            role=Role.PUBLISHER,
            lease=LeaseFacts(is_ours=True, transitions=3),
            store=StoreFacts(
                description="x",
                objects={"Service": 4},
                is_synced=True,
                faults=(Fault("a", "b", reason="syntax"),),
                counts={"applies": 5},
            ),
            transport=TransportFacts(
                counts={"datagrams-received": 6},
                refused={"replay": 7},
                queued={"datagrams": 8},
                dropped={"datagrams": 9},
                sessions=10,
            ),
            driver=DriverFacts(
                last_at=START + SECOND,
                objects={WEB: (Written(KEY, "", START),)},
                problems=(DriverProblem(None, "SinglePort", "x"),),
                counts={"applied": 11},
            ),
            refused=(Remembered(Refusal.MALFORMED, "", "x", 12),),
            alarms=(AgentAlarm("two-publishers", "x"),),
            frozen="upgrade",
        )
    )
    assert EXPECTED.items() <= found.items()
    assert {each.name for each in AGENT_METRICS} == {name for name, _ in EXPECTED}


def test_what_there_is_not_is_not_shown() -> None:
    names = {name for name, _ in scraped(light_facts())}
    assert not names & {
        "isthmus_lease_held",
        "isthmus_store_synced",
        "isthmus_driver_last_write_time_seconds",
    }
