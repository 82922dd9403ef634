from dataclasses import fields

import pytest

from discovery.verdict_config import VerdictConfig
from failure_detect.validation import ConfigError


def paths(**options: int) -> list[str]:
    with pytest.raises(ExceptionGroup) as caught:
        VerdictConfig(**options)
    return [fault.path for fault in caught.value.exceptions if isinstance(fault, ConfigError)]


def test_the_defaults_hold() -> None:
    assert VerdictConfig() == VerdictConfig()


@pytest.mark.parametrize("name", [each.name for each in fields(VerdictConfig)])
def test_every_option_is_a_whole_number_above_zero(name: str) -> None:
    assert paths(**{name: 0}) == [f"$.verdicts.{name}"]
    assert paths(**{name: True}) == [f"$.verdicts.{name}"]
    assert paths(**{name: 1 << 53}) == [f"$.verdicts.{name}"]


def test_all_faults_are_raised_at_once() -> None:
    config = VerdictConfig()
    found = paths(
        hold_down=config.better + 1,
        grace=1,
        together=config.retention + 1,
        report_fresh=3 * config.report_every - 1,
        origins_max=1_025,
    )
    assert found == [
        "$.verdicts.hold_down",
        "$.verdicts.hold_down",
        "$.verdicts.together",
        "$.verdicts.report_fresh",
        "$.verdicts.origins_max",
    ]
    assert paths(better=config.better_max + 1, report_every=config.report_gap - 1) == [
        "$.verdicts.better",
        "$.verdicts.report_gap",
    ]
