"""Reasons are labels, and a refusal carries one."""

import re

from agent.wire.reasons import Reason, WireRefused


def test_every_reason_is_a_label_of_its_own() -> None:
    assert len({reason.value for reason in Reason}) == len(Reason)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", reason) for reason in Reason)


def test_a_refusal_says_why_and_what() -> None:
    refused = WireRefused(Reason.SEAL, "altered")
    assert (refused.reason, refused.what, str(refused)) == (Reason.SEAL, "altered", "altered")
