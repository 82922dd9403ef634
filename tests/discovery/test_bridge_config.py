"""What a bridge is made with is right by default, and each part checks its own."""

from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from discovery.bridge_config import Agent, BridgeConfig
from discovery.config import ReplicatorConfig
from discovery.guard_rules import GuardConfig
from failure_detect.config import DetectorConfig
from tests.discovery.bridgehead import HOME, RING, identity


def test_every_part_has_a_configuration_that_is_right_by_default() -> None:
    config = BridgeConfig()
    parts = {each.name: getattr(config, each.name) for each in fields(config)}
    assert sorted(parts) == ["guard", "isolation", "limits", "paths", "replicator", "verdicts"]
    assert all(is_dataclass(part) for part in parts.values())
    assert config == BridgeConfig()


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        BridgeConfig().guard = GuardConfig(least=1)  # type: ignore[misc]  # The point of the test.


def test_a_part_that_is_wrong_is_never_made() -> None:
    with pytest.raises(ExceptionGroup, match="invalid guard configuration"):
        BridgeConfig(guard=GuardConfig(share_percent=0))


def test_rumours_fit_what_the_detector_carries_and_fingerprints_too() -> None:
    """A broadcast that is too large is an error of ours, which the detector raises."""
    wan = DetectorConfig.wan()
    assert ReplicatorConfig().rumour_bytes <= wan.limit.broadcast_bytes


def test_an_agent_is_its_identity_and_what_signs_for_it() -> None:
    agent = Agent(identity(HOME), RING.signer(f"{HOME}/bridge/0"))
    assert bytes(agent.signer.public) == agent.identity.member
