"""The presets, and what no configuration may be."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from simulations.baseline.config import (
    MemberlistConfig,
    buddy,
    lha_probe,
    lha_suspicion,
    lifeguard,
    memberlist_lan,
    memberlist_wan,
    swim,
)


def test_memberlist_lan_is_the_default() -> None:
    config = memberlist_lan()
    assert config == MemberlistConfig()
    assert config.nack_delay == 500 * MILLISECOND
    assert config.confirmations_wanted == 2
    assert not config.scales_timeout


def test_memberlist_wan_wants_four_confirmations() -> None:
    config = memberlist_wan()
    assert config.confirmations_wanted == 4
    assert (config.probe_interval, config.probe_timeout) == (5 * SECOND, 3 * SECOND)


def test_each_step_of_lifeguard_adds_one_thing_to_swim() -> None:
    plain = swim()
    assert (plain.awareness_max, plain.confirmations_wanted, plain.buddy) == (1, 0, False)
    assert plain.nack_delay == 0
    assert (lha_probe().awareness_max, lha_probe().confirmations_wanted) == (8, 0)
    assert lha_probe().nack_delay == 400 * MILLISECOND
    assert (lha_suspicion().awareness_max, lha_suspicion().confirmations_wanted) == (1, 3)
    assert (buddy().buddy, buddy().awareness_max, buddy().confirmations_wanted) == (True, 1, 0)


def test_lifeguard_is_all_three() -> None:
    whole = lifeguard()
    assert whole.buddy
    assert whole.scales_timeout
    assert (whole.awareness_max, whole.confirmations_wanted, whole.suspicion_max_mult) == (8, 3, 6)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="probe_interval") as caught:
        MemberlistConfig(
            probe_interval=0,
            indirect_checks=-1,
            gossip_to_the_dead=-1,
            nack_percent=101,
            datagram_bytes=1,
        )
    text = str(caught.value)
    assert all(
        name in text
        for name in ("indirect_checks", "gossip_to_the_dead", "nack_percent", "datagram_bytes")
    )
    assert "probe_timeout must not be above probe_interval" in text
