"""What the local API is told is what the machines say, at that moment."""

from agent.drivers.writer_events import WriteError
from agent.local.facts import AgentFacts, Fault, Role
from agent.objects import MULTI_CLUSTER_SERVICE
from agent.process.observing import BURST_PAUSE, Observer, Surroundings
from agent.process.storing import Storing
from agent.stores.memory import MemoryStore
from agent.transport.transport import TransportStatistics
from agent.wire.header import Pool
from agent.wire.reasons import Reason
from agent.wire.sessions import WireStatistics
from agent.writes import Apply, ApplyStatus, Delete
from tests.agent.core.town_process import Process
from tests.agent.core.townscape import WEB, Town

FAULT = Fault("east.yaml", "is wrong", "mend it")


def nothing(*_: object) -> None:
    """What was written is not looked at here."""


def observer(town: Town, process: Process) -> Observer:
    store = MemoryStore(town.api(process.cluster).shelf)
    wall_ms, ignore = town.agenda.wall_ms, nothing
    storing = Storing(store, process.node, wall_ms, ignore, ignore, lambda: True)
    around = Surroundings(
        clock=lambda: town.agenda.now,
        wall_ms=town.agenda.wall_ms,
        transport=quiet,
        listens="10.0.0.1:7979",
        store="memory",
        faults=lambda: (FAULT,),
        store_faults=lambda: (),
        alarms=lambda: (),
    )
    return Observer(process.agent, storing, around, "1.2.3")


def quiet() -> TransportStatistics:
    return TransportStatistics(
        wire=WireStatistics(
            transmitted=7,
            delivered={Pool.LAN: 3, Pool.WAN: 4},
            forwarded=1,
            refused={Reason.BUDGET: 2},
            attempts={},
            hosts=0,
            peers={Pool.LAN: 1},
        ),
        received=9,
        drops={},
        streams_refused={Reason.BUDGET: 5},
        streams_answering=0,
        streams_calling=0,
        requests=6,
        requests_failed=1,
        requests_answered=2,
    )


def settled(agents: int = 2) -> Town:
    town = Town(agents=agents)
    town.start()
    town.settle()
    return town


def facts_of(town: Town, site: str) -> AgentFacts:
    return observer(town, town.process(site)).facts()


def test_each_agent_says_what_it_is() -> None:
    town = settled(4)
    publisher = town.publisher("east")
    bridge = next(each for each in town.bridges("east") if each != publisher)
    light = next(each.place for each in town.processes("east") if each.agent.head is None)
    assert facts_of(town, publisher).role is Role.PUBLISHER
    assert facts_of(town, bridge).role is Role.BRIDGE
    found = facts_of(town, light)
    assert found.role is Role.LIGHT
    assert (found.wan, found.bridge, found.lease) == (None, None, None)
    assert found.driver.why == "this agent is no bridge"
    assert set(found.bridges.values()) == set(town.bridges("east"))
    assert found.not_ready == ()


def test_the_lease_is_told_by_who_has_it_and_by_who_has_not() -> None:
    town = settled()
    publisher = town.publisher("east")
    [other] = [each for each in town.bridges("east") if each != publisher]
    ours, theirs = facts_of(town, publisher).lease, facts_of(town, other).lease
    assert ours is not None
    assert theirs is not None
    assert (ours.holder, ours.is_ours) == (town.holder(publisher), True)
    assert (theirs.holder, theirs.is_ours, theirs.valid_until) == (ours.holder, False, None)
    assert ours.epoch == theirs.epoch > 0


def test_an_agent_that_waits_for_the_store_says_so() -> None:
    town = Town()
    town.api("east").go_down()
    town.start()
    town.run(10)
    [words] = facts_of(town, "east-1").not_ready
    assert words == "it is to be a bridge, and does not know yet whom this cluster trusts"


def test_what_the_transport_counts_is_put_together() -> None:
    town = settled()
    found = facts_of(town, "east-1").transport
    assert found.counts["datagrams-delivered"] == 7
    assert found.refused == {Reason.BUDGET.value: 7}
    assert facts_of(town, "east-1").faults == (FAULT,)


def test_writes_of_one_burst_stand_together_and_objects_by_their_service() -> None:
    town = settled()
    seen = observer(town, town.process(town.publisher("south")))
    steps = [step for _, site, step in town.writes if site == town.publisher("south")]
    apply = next(each for each in steps if isinstance(each, Apply))
    seen.wrote(apply, None)
    seen.wrote(apply, WriteError.CONFLICT)
    seen.wrote(ApplyStatus(apply.key, "v1", {}), None)
    driver = seen.facts().driver
    assert [each.key for each in driver.last] == [apply.key]
    assert {name: [each.key for each in found] for name, found in driver.objects.items()} == {
        WEB: [apply.key]
    }
    town.run((BURST_PAUSE + 1) / 1_000_000)
    seen.wrote(Delete(apply.key, "gone"), None)
    driver = seen.facts().driver
    assert [(each.key, each.is_deletion) for each in driver.last] == [(apply.key, True)]
    assert driver.objects == {}


def test_the_store_is_synced_once_everything_that_is_wanted_was_listed() -> None:
    town = settled()
    found = facts_of(town, town.publisher("south")).store
    assert found is not None
    assert found.is_synced
    assert found.objects[MULTI_CLUSTER_SERVICE.name] == 1
    fresh = Town()
    fresh.start("south-1")
    empty = facts_of(fresh, "south-1").store
    assert empty is not None
    assert not empty.is_synced
