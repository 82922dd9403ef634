"""What a writer is given."""

from agent.drivers.pacing import PacingConfig
from agent.drivers.writer_config import WriterConfig, WriterStatistics
from agent.drivers.writer_events import WriteError
from failure_detect.clock import MILLISECOND, SECOND
from tests.agent.drivers.bench import WEB, Bench


def test_the_defaults_keep_the_pace_of_osm() -> None:
    config = WriterConfig()
    assert config.pacing == PacingConfig()
    assert config.pacing.burst <= 2 * SECOND < 2_500 * MILLISECOND <= config.pacing.silence


def test_statistics_count_what_was_done_and_what_waits() -> None:
    bench = Bench()
    bench.touch(WEB, "10.0.0.1")
    bench.answer(1, WriteError.FORBIDDEN, "no")
    failures = dict.fromkeys(WriteError, 0) | {WriteError.FORBIDDEN: 1}
    assert bench.writer.statistics() == WriterStatistics(
        plans=2, bursts=1, writes=1, failures=failures, restored=0, in_flight=0, waiting=1
    )
    bench.run_to(10 * SECOND, answers=False)
    assert bench.writer.statistics().in_flight == 1
