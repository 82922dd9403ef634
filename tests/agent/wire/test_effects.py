"""Effects are values."""

import pytest

from agent.wire.effects import Delivered, Forward, Refused, Transmit
from agent.wire.header import Pool
from agent.wire.reasons import Reason
from failure_detect.identity import Address, MemberId

HERE = Address("192.0.2.1:1")


def test_effects_are_equal_by_what_they_say_and_different_by_kind() -> None:
    effects = {
        Transmit(HERE, b""),
        Forward(HERE, b""),
        Delivered(Pool.LAN, MemberId(b""), b""),
        Delivered(Pool.WAN, MemberId(b""), b""),
        Refused(Reason.SEAL, HERE),
    }
    assert len(effects) == 5
    assert Transmit(HERE, b"") in effects


def test_an_effect_cannot_be_altered() -> None:
    with pytest.raises(AttributeError):
        Transmit(HERE, b"").data = b"other"  # type: ignore[misc]  # That it cannot is the point.
