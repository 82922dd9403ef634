"""A settings file is taken whole, or refused with all of its faults."""

from pathlib import Path

import pytest

from agent.settings_file import SettingsError, preset, read_settings
from failure_detect.clock import SECOND
from tests.agent.settings_files import LEAST, settings_of


def refusals(folder: Path, text: str) -> list[str]:
    file = folder / "agent.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(file, {}, "node-1")
    return [line.removeprefix(f"{file}:") for line in str(caught.value).splitlines()]


def test_little_is_needed_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert settings.config.cluster == "east"
    assert settings.config.keys.cluster == tmp_path / "cluster.key"
    assert settings.config.store.directory == tmp_path / "store"
    assert (settings.node, settings.config.listen) == ("node-1", "0.0.0.0:7979")
    assert settings.machines.lan == preset("lan", "lan")


def test_the_node_is_named_by_file_environment_or_host(tmp_path: Path) -> None:
    file = settings_of(tmp_path, "node: a").file
    assert read_settings(file, {"NODE_NAME": "b"}, "c").node == "a"
    file = settings_of(tmp_path).file
    assert read_settings(file, {"NODE_NAME": "b"}, "c").node == "b"
    assert read_settings(file, {}, "C").node == "c"
    assert read_settings(file).node
    with pytest.raises(SettingsError, match="no name of a node"):
        read_settings(file, {}, "a_b")


def test_every_part_can_be_set(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        "advertise: {lan: 10.0.0.1:7979, wan: '[fd00::1]:31979'}\n"
        "seeds: {lan: [node-2:7979], wan: [west.example:7979]}\n"
        "http: unix:run/agent.sock\n"
        "gateways: [{address: 10.0.0.9, port: 15443}]\n"
        "audience: [prod-*]\n"
        "stopWithin: 3s\n"
        "detector: {preset: loopback, lan: {probe: {interval: 500ms}}}\n"
        "publisher: {lifetime: 30m, guard: {least: 3}}\n"
        "verdicts: {retention: 2d}\n",
    )
    config, machines = settings.config, settings.machines
    assert config.http == f"unix:{tmp_path / 'run/agent.sock'}"
    assert (config.stop_within, config.gateways[0].port) == (3 * SECOND, 15443)
    assert machines.publisher.audience == ("prod-*",)
    assert (machines.publisher.lifetime_s, machines.publisher.guard.least) == (1800, 3)
    assert machines.bridge.verdicts.retention == 2 * 86_400 * SECOND
    assert machines.lan.probe.interval == 500_000
    assert machines.wan.probe.interval == 400_000
    assert machines.wan.suspicion.by_group
    assert (machines.lan.pool, machines.wan.pool) == (b"lan", b"wan")


def test_all_faults_are_told_at_once_with_line_value_and_remedy(tmp_path: Path) -> None:
    bad = LEAST.replace("cluster: east", "cluster: East").replace("{cluster:", "{clustr:")
    found = refusals(
        tmp_path,
        bad
        + "bridges: '3'\n"
        + "stopWithin: 10\n"
        + "seeds:\n  lan:\n  - 10.0.0.1:7979\n  - 0.0.0.0:7979\n"
        + "gateways:\n- {address: 10.0.0.1, port: 99999}\n"
        + "mesh: {drvier: auto}\n"
        + "log: {level: loud}\n"
        + "detector: {lan: {probe: {interval: 10}}}\n"
        + "verdicts: {holdDown: 3m}\n"
        + "audience: [A]\n",
    )
    assert found == [
        "3: cluster: must be an RFC 1123 label: lower case letters, digits and -, is 'East'",
        "6: keys.cluster: is missing, and has no default",
        "6: keys.clustr: is not known; did you mean cluster?",
        "7: bridges: must be a whole number, is '3'",
        (
            "8: stopWithin: must be a duration such as 15s, 500ms or 1h30m: a number needs a unit, "
            "is 10"
        ),
        (
            "12: seeds.lan[1]: must be an address that others can connect to, with its port, "
            "is '0.0.0.0:7979'"
        ),
        "14: gateways[0].port: must be less than or equal to 65535, is 99999",
        "15: mesh.drvier: is not known; did you mean driver?",
        "16: log.level: must be one of 'debug', 'info', 'warning' or 'error', is 'loud'",
        (
            "17: detector.lan.probe.interval: must be a duration such as 15s, 500ms or 1h30m: a "
            "number needs a unit, is 10"
        ),
        "18: verdicts.holdDown: must not exceed verdicts.grace",
        "18: verdicts.holdDown: must not exceed verdicts.better",
        "19: audience[0]: must be the name of a cluster, or a pattern such as prod-*, is 'A'",
    ]


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("lease: {duration: 5s, renew: 3s}", "7: lease.renew: must be at most half of"),
        ("dryRun: 1", "7: dryRun: must be true or false, is 1"),
        ("guard: 3", "7: guard: must be a mapping of names, is 3"),
        ("seeds: {lan: node-1:7979}", "7: seeds.lan: must be a list, is 'node-1:7979'"),
        ("node: a_b", "7: node: must be the name of a node"),
        ("region: a b", "7: region: must be as a label's value is written"),
        ("listen: localhost", "7: listen: must be HOST:PORT"),
        ("http: ''", "7: http: must be HOST:PORT"),
        ("state: other", "7: 1: the name 'state' is there twice; the first is in line 5"),
        ("---\nkind: x", " has 2 documents, must have one, of kind AgentConfig"),
        ("a: [", "8: 1: "),
        (f"audience: [{','.join('x' * 63 + str(n) for n in range(9))}]", "7: audience[0]: "),
        (f"audience: [{','.join('x' * 59 + str(n) for n in range(10, 40))}]", "7: audience: must"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, more: str, fault: str) -> None:
    first, *_ = refusals(tmp_path, f"{LEAST}{more}\n")
    assert first.startswith(fault)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file or directory; name the settings file"):
        read_settings(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match="Is a directory"):
        read_settings(tmp_path)
    file = tmp_path / "agent.yaml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is no UTF-8 text"):
        read_settings(file)
    file.write_bytes(b"#" * (1 << 21))
    with pytest.raises(SettingsError, match="has more than 1048576 bytes"):
        read_settings(file)
