"""What must hold at the end of a run is seen where it does not hold."""

import pytest

from failure_detect.clock import SECOND
from simulations.sets.safety import (
    UnsafeError,
    check_equal,
    check_exported,
    check_held,
    check_machines,
    holdings,
)
from tests.simulations.sets.fleets import small_stage


def test_a_warm_fleet_is_safe() -> None:
    stage = small_stage()
    stage.warm()
    origins = [stage.origin(number) for number in range(3)]
    check_machines(stage)
    check_equal(stage)
    for place in stage.running():
        check_exported(stage, place)
        check_held(stage, place, origins)
    assert list(holdings(stage, 0)) == origins


def test_what_is_not_published_or_not_everywhere_is_seen() -> None:
    stage = small_stage()
    stage.warm()
    exports = stage.exports[0]
    exports.flip(exports.services[0])
    with pytest.raises(UnsafeError, match="5 and cluster-0 differ in Endpoint"):
        check_exported(stage, 5)
    check_equal(stage)
    stage.world.crash(5)
    stage.export(0, exports.services[0])
    stage.run(3 * SECOND)
    stage.enter(5)
    stage.world.run_until(stage.world.now)
    with pytest.raises(UnsafeError, match="5 and 0 differ in cluster-0, cluster-1"):
        check_equal(stage)
    with pytest.raises(UnsafeError, match="5 holds nothing of cluster-0"):
        check_exported(stage, 5)
    check_equal(stage, [0, 1, 2, 3, 4])


def test_a_set_too_many_or_too_few_is_seen() -> None:
    stage = small_stage()
    stage.warm()
    origins = [stage.origin(number) for number in range(3)]
    with pytest.raises(UnsafeError, match="4 should hold, or not hold, cluster-2"):
        check_held(stage, 4, origins[:2])
