"""When side-cars are told (1g, 1h, 8)."""

import pytest

from failure_detect.clock import MILLISECOND, NEVER, SECOND
from simulations.mesh_events import Version
from simulations.mesh_push import PUSH_BOUND, SILENCE, PushWindow
from tests.simulations.mesh_world import Cluster, endpoints, service, subset


@pytest.mark.parametrize("version", list(Version))
def test_1g_8_a_single_write_is_told_two_seconds_later(version: Version) -> None:
    cluster = Cluster(version)
    cluster.write(service("rsvc"), endpoints("rsvc", subset("10.1.0.1")))
    cluster.wait()
    assert len(cluster.pushes) == 1
    assert 2_030 * MILLISECOND <= cluster.pushes[0] - cluster.began <= 2_060 * MILLISECOND


def test_1h_under_a_write_a_second_it_takes_ten() -> None:
    cluster = Cluster()
    for each in range(25):
        cluster.write(endpoints("rsvc", subset(f"10.1.0.{each + 1}")))
        cluster.wait(998 * MILLISECOND if each < 24 else 15 * SECOND)
    told = [(each - cluster.began) / SECOND for each in cluster.pushes]
    assert told == pytest.approx([10.0, 21.0, 25.9], abs=0.15)


def test_the_window_opens_with_the_first_write_and_closes_with_the_push() -> None:
    window = PushWindow()
    assert (window.deadline, window.is_open) == (NEVER, False)
    window.note(0)
    window.note(9 * SECOND)
    assert window.deadline == PUSH_BOUND
    window.clear()
    assert not window.is_open
    window.note(20 * SECOND)
    assert window.deadline == 20 * SECOND + SILENCE
