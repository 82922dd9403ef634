"""A configuration says all that is wrong with it."""

import pytest

from discovery.publisher_config import PublisherConfig
from failure_detect.clock import SECOND
from failure_detect.validation import ConfigError


def faults(make: dict[str, int]) -> list[str]:
    with pytest.raises(ExceptionGroup) as caught:
        PublisherConfig(**make)  # type: ignore[arg-type]  # By name, all of them numbers.
    found = caught.value.exceptions
    assert all(isinstance(each, ConfigError) for each in found)
    return [each.path for each in found if isinstance(each, ConfigError)]


def test_the_default_is_valid_and_signs_anew_each_twenty_minutes() -> None:
    assert PublisherConfig().resign == 1_200 * SECOND


def test_all_faults_come_at_once() -> None:
    bad = {"min_interval": 0, "lifetime_s": -1, "relist": True, "records": 1 << 60}
    assert faults(bad) == [
        "$.publisher.min_interval",
        "$.publisher.lifetime_s",
        "$.publisher.records",
        "$.publisher.relist",
    ]


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"lifetime_s": 8 * 86_400}, "$.publisher.lifetime_s"),
        ({"lifetime_s": 3, "min_interval": SECOND}, "$.publisher.min_interval"),
    ],
)
def test_each_relation_is_tried(options: dict[str, int], path: str) -> None:
    assert faults(options) == [path]


@pytest.mark.parametrize(
    ("audience", "words"),
    [(("a",) * 33, "32 patterns"), (("a" * 63,) * 9, "512 bytes")],
)
def test_an_audience_that_no_manifest_takes_is_a_fault(
    audience: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        PublisherConfig(audience=audience)
    [fault] = caught.value.exceptions
    assert words in str(fault)
