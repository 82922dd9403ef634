"""The machines' numbers, as fields of the settings file."""

import pytest

from agent.knobs import camel, documented, knobs_of, parts_of, shown, tuned, unknown
from agent.settings_reference import machine_sections
from discovery.limits import CatalogLimits
from discovery.publisher_config import PublisherConfig
from discovery.verdict_config import VerdictConfig
from failure_detect.config import DetectorConfig
from failure_detect.validation import ConfigError


def faults(config: object, values: object) -> list[str]:
    assert isinstance(config, DetectorConfig | PublisherConfig | CatalogLimits | VerdictConfig)
    _, found = tuned(config, values, "x")
    return [str(each) for each in found]


def test_each_number_of_each_machine_has_a_name_and_words() -> None:
    for config in machine_sections().values():
        todo = [config]
        while todo:
            part = todo.pop()
            todo += parts_of(part).values()
            assert all(each.doc and each.name for each in knobs_of(type(part)))
            assert documented(type(part))


def test_durations_are_given_with_units_whatever_the_machine_counts_in() -> None:
    values = {"minInterval": "300ms", "lifetime": "2h", "clockTolerance": "90s", "records": 7}
    config, found = tuned(PublisherConfig(), values, "publisher")
    assert not found
    assert (config.min_interval, config.lifetime_s) == (300_000, 7_200)
    assert (config.clock_tolerance_ms, config.records) == (90_000, 7)


def test_parts_are_mappings_within() -> None:
    values = {"history": {"versions": 3}}
    config, found = tuned(CatalogLimits(), values, "limits")
    assert (config.history.versions, found) == (3, [])
    detector, found = tuned(DetectorConfig.wan(), {"suspicion": {"byGroup": False}}, "d")
    assert (detector.suspicion.by_group, found) == (False, [])


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"probe": {"interval": 5}}, "x.probe.interval: must be a duration such as 15s"),
        ({"probe": {"relays": "3s"}}, "x.probe.relays: must be a whole number, is '3s'"),
        ({"probe": {"relays": True}}, "x.probe.relays: must be a whole number, is True"),
        ({"suspicion": {"byGroup": 1}}, "x.suspicion.byGroup: must be true or false, is 1"),
        ({"probe": {"intervall": "1s"}}, "x.probe.intervall: is not known; did you mean interval"),
        ({"prob": {}}, "x.prob: is not known; did you mean probe?"),
        ({"pool": "x"}, "x.pool: is not known"),
        ({"probe": 3}, "x.probe: must be a mapping of names, is 3"),
        (3, "x: must be a mapping of names, is 3"),
    ],
)
def test_what_is_wrong_with_a_number_is_told(values: object, fault: str) -> None:
    (found,) = faults(DetectorConfig(), values)
    assert found.startswith(fault)


def test_a_machines_own_faults_come_with_the_paths_of_the_file() -> None:
    assert faults(DetectorConfig(), {"probe": {"timeoutMin": "5s"}}) == [
        "x.probe.timeoutMin: must not exceed x.probe.timeout"
    ]
    assert faults(VerdictConfig(), {"reportEvery": "1m"}) == [
        "x.reportEvery: must not exceed x.reportFull",
        "x.reportFresh: must be 3 x x.reportEvery or more",
    ]
    assert faults(PublisherConfig(), {"lifetime": "400d", "guard": {"sharePercent": 101}}) == [
        "x.guard.sharePercent: must be 1 to 100, is 101",
        "x.lifetime: must be at most 604800",
    ]


def test_seconds_are_not_rounded_in_silence() -> None:
    assert faults(PublisherConfig(), {"lifetime": "1500ms"}) == [
        "x.lifetime: must be whole steps of 1s, is '1500ms'"
    ]


def test_a_fault_leaves_the_configuration_as_it_was() -> None:
    config, _ = tuned(DetectorConfig(), {"probe": {"timeoutMin": "5s"}}, "x")
    assert config == DetectorConfig()


def test_names_and_values_are_shown_as_the_file_has_them() -> None:
    assert camel("try_timeout") == "tryTimeout"
    assert shown("x" * 100).endswith("...")
    assert str(unknown("a.b", ["zzz"])) == "a.b: is not known; known are zzz"
    assert str(ConfigError("$.a", "b")) == "$.a: b"
