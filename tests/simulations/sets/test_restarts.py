"""Whatever is on their disks, the agents of a cluster go on above what they signed."""

import pytest

from failure_detect.clock import SECOND
from simulations.sets.leases import LEASE
from simulations.sets.restarts import Restart
from simulations.trials import Scene


@pytest.mark.parametrize("disk", ["kept", "stale", "lost"])
@pytest.mark.parametrize("moment", ["quiet", "publishing", "proposing"])
def test_the_next_change_comes_everywhere_once_somebody_has_the_lease(
    disk: str, moment: str
) -> None:
    sample = Restart(clusters=4, disk=disk, moment=moment).run(Scene(seed=3))
    assert max(sample.durations["publishes"]) < LEASE + SECOND
    assert max(sample.durations["next_everywhere"]) < LEASE + 2 * SECOND
    # The first, three changes, the one that was under way, and what the new processes sign.
    assert sample.counts["signed"] == 5 + (moment == "publishing")
