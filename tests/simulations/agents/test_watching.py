"""What OSM gets is seen with every state in between, each with its time."""

from pathlib import Path

import trio

from agent.demo.layout import write
from agent.demo.plan import ClusterPlan, plan
from agent.objects import MULTI_CLUSTER_SERVICE
from simulations.agents.watching import MeshWatch


def tell(cluster: ClusterPlan, *addresses: str, name: str = "web") -> Path:
    folder = cluster.objects / "managed" / str(MULTI_CLUSTER_SERVICE)
    entries = [{"address": each, "priority": 0} for each in addresses]
    write(folder / f"{name}.yaml", {"spec": {"clusters": entries}})
    return folder / f"{name}.yaml"


async def until(watch: MeshWatch, *addresses: str) -> None:
    wanted = frozenset(addresses)
    assert await watch.until(lambda found: found == wanted, trio.current_time(), 20) is not None


async def test_each_state_is_noted_and_what_was_lost_in_between_is_known(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    cluster = plan(tmp_path).cluster("south")
    tell(cluster, "10.0.0.1:80", "10.0.0.2:80")
    watch = MeshWatch(cluster)
    await nursery.start(watch.run)
    began = trio.current_time()
    assert watch.lost(watch.addresses, began) == set()
    tell(cluster, "10.0.0.2:80")
    await until(watch, "10.0.0.2:80")
    again = trio.current_time()
    tell(cluster, "10.0.0.1:80", "10.0.0.2:80")
    await until(watch, "10.0.0.1:80", "10.0.0.2:80")
    wanted = frozenset({"10.0.0.1:80", "10.0.0.2:80"})
    assert watch.lost(wanted, began) == {"10.0.0.1:80"}
    assert watch.lost(wanted, again) == {"10.0.0.1:80"}, "what was there at that moment counts"
    assert watch.lost(wanted, trio.current_time()) == set()
    assert [len(each.addresses) for each in watch.states] == [2, 1, 2]
    times = [each.at_s for each in watch.states]
    assert times == sorted(times)


async def test_what_holds_already_holds_since_then_and_what_never_holds_is_nothing(
    tmp_path: Path, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    cluster = plan(tmp_path).cluster("south")
    tell(cluster, "10.0.0.1:80")
    watch = MeshWatch(cluster)
    began = trio.current_time()
    assert await watch.until(lambda found: len(found) == 1, began, 5) == began
    assert await watch.until(lambda found: not found, began, 5) is None


async def test_an_object_that_goes_is_a_state_as_well(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    cluster = plan(tmp_path).cluster("south")
    tell(cluster, "10.0.0.1:80")
    other = tell(cluster, "10.0.0.2:80", name="api")
    watch = MeshWatch(cluster)
    await nursery.start(watch.run)
    other.unlink()
    await until(watch, "10.0.0.1:80")
    assert watch.lost(frozenset({"10.0.0.2:80"}), watch.states[0].at_s) == {"10.0.0.2:80"}
