"""The bounds of the wire fit what they bound."""

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
