"""The bounds of the wire fit what they bound."""

import pytest

from agent.wire.handshake import HELLO_BYTES
from agent.wire.limits import WireLimits
from agent.wire.peers import OVERHEAD_BYTES
from agent.wire.replay import ReplayWindow
from discovery.config import ReplicatorConfig
from failure_detect.config import DetectorConfig

IPV4_HEADS = 28


def test_the_longest_datagram_fits_what_every_network_carries() -> None:
    limits = WireLimits()
    assert limits.data_bytes >= DetectorConfig.wan().gossip.datagram_bytes
    assert IPV4_HEADS + OVERHEAD_BYTES + limits.data_bytes <= 1_280
    assert IPV4_HEADS + HELLO_BYTES + OVERHEAD_BYTES <= 1_280


def test_frames_of_the_layers_above_fit() -> None:
    limits = WireLimits()
    assert limits.frame_bytes > ReplicatorConfig().frame_bytes + 65_536
    assert limits.frame_bytes > DetectorConfig.lan().sync.frame_bytes


def test_a_pool_of_the_size_that_the_detector_bears_has_a_session_each() -> None:
    assert WireLimits().peers > DetectorConfig.lan().limit.members
    assert ReplayWindow(WireLimits().window).is_new(1)


@pytest.mark.parametrize(
    ("field", "value"),
    [("window", 63), ("window", 1_025), ("data_bytes", 0), ("data_bytes", 65_001), ("queue", 0)],
)
def test_what_cannot_be_is_refused_by_its_name(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^{field}: must be "):
        WireLimits(**{field: value})  # type: ignore[arg-type]  # All that are named are numbers.
