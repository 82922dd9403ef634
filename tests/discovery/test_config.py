"""The replicator's numbers say all that is wrong with them at once."""

from collections.abc import Callable
from dataclasses import fields

import pytest

from discovery.config import ReplicatorConfig
from discovery.messages import Pull, Wanted
from discovery.replicator import REQUEST_BYTES_MAX
from discovery.wire import BUCKETS, GOSSIP_BYTES_MAX, WANTED_MAX, write_message
from failure_detect.validation import ConfigError

NAMES = [each.name for each in fields(ReplicatorConfig)]
BATCH_MAX = 128


def faults(make: Callable[[], ReplicatorConfig]) -> list[str]:
    with pytest.raises(ExceptionGroup, match="invalid replicator configuration") as raised:
        make()
    assert all(isinstance(each, ConfigError) for each in raised.value.exceptions)
    return [str(each) for each in raised.value.exceptions]


def test_the_default_is_valid() -> None:
    config = ReplicatorConfig()
    assert config.rumour_bytes < GOSSIP_BYTES_MAX
    assert config.batch <= BATCH_MAX <= WANTED_MAX


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0, -1, False, 1.0, None, "1", 1 << 53])
def test_each_number_must_be_one(name: str, value: object) -> None:
    (fault,) = faults(lambda: ReplicatorConfig(**{name: value}))  # type: ignore[arg-type]  # That is the point.
    assert fault.startswith(f"$.replicator.{name}: must be ")


@pytest.mark.parametrize(
    ("wrong", "right", "fault"),
    [
        ({"rumour_bytes": 511}, {"rumour_bytes": 512}, "rumour_bytes: must be 512 or more"),
        (
            {"settle": 11, "impatient": 10},
            {"settle": 10, "impatient": 10},
            "settle: must not exceed $.replicator.impatient",
        ),
        (
            {"hedge": 11, "timeout": 10},
            {"hedge": 10, "timeout": 10},
            "hedge: must not exceed $.replicator.timeout",
        ),
        ({"batch": BATCH_MAX + 1}, {"batch": BATCH_MAX}, "batch: must be 128 or less"),
        ({"room_min": 4_095}, {"room_min": 4_096}, "room_min: must be 4096 or more"),
        (
            {"room_min": 9_001, "room": 9_000},
            {"room_min": 9_000, "room": 9_000},
            "room_min: must not exceed $.replicator.room",
        ),
        (
            {"room": 1_000_001, "frame_bytes": 1_000_000},
            {"room": 1_000_000, "frame_bytes": 1_000_000},
            "room: must not exceed $.replicator.frame_bytes",
        ),
        (
            {"frame_bytes": (1 << 26) + 1},
            {"frame_bytes": 1 << 26},
            "frame_bytes: must be 64 MiB or less",
        ),
        (
            {"back_off": 11, "back_off_max": 10},
            {"back_off": 10, "back_off_max": 10},
            "back_off: must not exceed $.replicator.back_off_max",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_numbers_fit_each_other(wrong: dict[str, int], right: dict[str, int], fault: str) -> None:
    assert faults(lambda: ReplicatorConfig(**wrong)) == [f"$.replicator.{fault}"]
    ReplicatorConfig(**right)


def test_all_faults_come_at_once() -> None:
    assert len(faults(lambda: ReplicatorConfig(settle=0, batch=0, pin=-1))) == 3
    assert len(faults(lambda: ReplicatorConfig(rumour_bytes=1, batch=1_000, room_min=1))) == 3


def test_the_largest_request_is_read() -> None:
    # Each with digests of what is had, in the middle of a set of which every other bucket lacks.
    wanted = Wanted(
        key=b"s/" + b"a" * 63,
        have=bytes(32),
        branches=(bytes(8),) * 64,
        target=bytes(32),
        first=BUCKETS,
        buckets=tuple(range(0, BUCKETS, 2)),
    )
    assert len(write_message(Pull((wanted,) * BATCH_MAX, 1 << 30))) <= REQUEST_BYTES_MAX
