"""A settings file that is read again: what may change does, and everything else is told."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

from agent.local.facts import Fault
from agent.process.reloading import LIVE, REFUSED, RESTART, Reloading, differences, merged
from agent.settings import AgentConfig, GatewaySettings
from agent.settings_file import Settings, read_settings
from tests.agent.settings_files import LEAST, settings_of


class Scene:
    def __init__(self, folder: Path, more: str = "", *, forced: bool = False) -> None:
        self.file = folder / "agent.yaml"
        self.settings = settings_of(folder, "node: node-1\n" + more)
        self.applied: list[Settings] = []
        self.lines: list[tuple[str, str, Mapping[str, object]]] = []
        if forced:
            self.settings = read_settings(self.file).with_dry_run()
        self.reloading = Reloading(self.settings, self.apply, lambda *line: self.lines.append(line))

    async def apply(self, settings: Settings) -> None:
        self.applied.append(settings)

    async def write(self, more: str) -> None:
        self.file.write_text(LEAST + "node: node-1\n" + more)
        await self.reloading.read_again()


async def test_a_file_that_says_the_same_changes_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "region: eu\n")
    await scene.write("region: eu\n")
    assert scene.applied == []
    assert not scene.reloading.faults
    assert scene.lines == [("info", "settings_read_again", {"applied": [], "need_restart": []})]


async def test_all_that_may_change_is_applied_at_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.write(
        "region: eu\nnetwork: blue\ncapacity: 7\ngateways: [{address: 10.0.0.1, port: 443}]\n"
        "seeds: {lan: ['a:1'], wan: ['b:1']}\nmesh: {trustDomain: home.example}\n"
        "log: {level: debug}\n"
    )
    [settings] = scene.applied
    config = settings.config
    assert (config.region, config.network, config.capacity) == ("eu", "blue", 7)
    assert config.gateways == (GatewaySettings(address="10.0.0.1", port=443),)
    assert (config.seeds.lan, config.seeds.wan) == (("a:1",), ("b:1",))
    assert config.mesh.trust_domain == "home.example"
    assert config.log.level == "debug"
    assert not scene.reloading.faults
    [(_, _, values)] = scene.lines
    assert values["applied"] == [
        *("seeds.lan", "seeds.wan", "region", "network", "gateways", "capacity"),
        *("mesh.trustDomain", "log.level"),
    ]
    assert set(values["applied"]) == LIVE


async def test_what_needs_a_restart_is_told_until_it_is_as_it_was(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.write("bridges: 5\nregion: eu\n")
    [settings] = scene.applied
    assert settings.config.bridges == 3
    told = Fault(f"{scene.file}: bridges", "has changed since the agent started", RESTART)
    assert list(scene.reloading.faults) == [told]
    await scene.write("bridges: 5\nregion: eu\n")
    assert list(scene.reloading.faults) == [told]
    assert len(scene.applied) == 1
    await scene.write("region: eu\n")
    assert not scene.reloading.faults


async def test_a_file_with_a_fault_changes_nothing_and_is_shown_until_it_has_none(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path)
    await scene.write("region: eu\nbridges: many\n")
    assert scene.applied == []
    [fault] = scene.reloading.faults
    assert fault.where == f"{scene.file}:9: bridges"
    assert "must be a whole number" in fault.what
    assert fault.remedy == REFUSED
    assert [(level, event) for level, event, _ in scene.lines] == [("error", "settings_refused")]
    scene.file.unlink()
    await scene.reloading.read_again()
    [fault] = scene.reloading.faults
    assert "cannot be read" in fault.what
    await scene.write("region: eu\n")
    assert not scene.reloading.faults
    assert len(scene.applied) == 1


async def test_another_name_of_the_node_needs_a_restart(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.file.write_text(LEAST + "node: node-2\n")
    await scene.reloading.read_again()
    assert [each.where for each in scene.reloading.faults] == [f"{scene.file}: node"]


async def test_a_dry_run_that_the_command_line_asks_for_is_no_change_of_the_file(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, forced=True)
    await scene.write("region: eu\n")
    assert not scene.reloading.faults
    assert scene.applied[0].config.dry_run


async def test_a_dry_run_that_the_file_asks_for_needs_a_restart(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.write("dryRun: true\n")
    assert [each.where for each in scene.reloading.faults] == [f"{scene.file}: dryRun"]


def test_what_may_change_is_all_that_is_merged(tmp_path: Path) -> None:
    old = settings_of(tmp_path).config
    new = settings_of(
        tmp_path,
        "bridges: 5\nregion: eu\nnetwork: blue\ncapacity: 7\nuid: x\nlisten: '127.0.0.1:1'\n"
        "gateways: [{address: 10.0.0.1, port: 443}]\nseeds: {lan: ['a:1'], wan: ['b:1']}\n"
        "mesh: {trustDomain: home.example, smi: true}\nlog: {level: debug, format: text}\n",
    ).config
    assert set(differences(old, merged(old, new))) == LIVE
    assert set(differences(old, new)) > LIVE


def test_names_of_fields_that_may_change_are_names_of_fields() -> None:
    assert is_dataclass(AgentConfig)
    names = {each.name for each in fields(AgentConfig)}
    assert {name.partition(".")[0] for name in LIVE} <= names
