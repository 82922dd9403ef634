"""The bounds leave room for each other, and for what else needs a descriptor."""

from agent.transport.settings import StreamLimits, TransportSettings

DESCRIPTORS = 1_024
"""What a process has where nobody raised it."""


def test_all_streams_at_once_leave_descriptors_for_files_and_the_local_port() -> None:
    limits = StreamLimits()
    most = limits.answered + limits.joined + limits.called + limits.tried
    assert most < DESCRIPTORS - 256
    assert limits.unproven < limits.answered
    assert limits.answered_per_host < limits.answered
    assert limits.proving < limits.asking


def test_a_batch_is_small_beside_what_is_done_in_between() -> None:
    assert 1 <= TransportSettings().batch <= 256
