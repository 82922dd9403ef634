"""Small versions of what is measured with real agents, all with the same ones."""

from pathlib import Path

import trio

from agent.demo.layout import settings_of
from agent.demo.plan import plan
from agent.demo.scene import Scene
from agent.settings_file import read_settings
from agent.yaml_text import to_yaml
from failure_detect.config import DetectorConfig
from simulations.agents.agent_ends import AgentEnds
from simulations.agents.changes import Changes
from simulations.agents.floods import Floods
from simulations.agents.node_kills import NodeKills
from simulations.agents.staging import PACES, StagedExperiment, detector, started
from simulations.samples import Sample, figures
from simulations.trials import Scene as Asked
from tests.simulations.agents.clusters import network

SHORT = 3_000_000


def settings_at(pace: str, folder: Path) -> tuple[DetectorConfig, DetectorConfig]:
    planned = plan(folder, detector=detector(pace))
    node = next(planned.nodes)
    file = folder / "agent.yaml"
    file.write_text(to_yaml(settings_of(node, planned)))
    machines = read_settings(file).machines
    return machines.lan, machines.wan


def test_the_usual_numbers_are_those_of_an_agent_that_is_told_nothing(tmp_path: Path) -> None:
    assert PACES == ("loopback", "lan")
    assert settings_at("lan", tmp_path) == (DetectorConfig.lan(), DetectorConfig.wan())
    lan, wan = settings_at("loopback", tmp_path)
    assert lan.probe == wan.probe == DetectorConfig.loopback().probe != DetectorConfig.lan().probe


async def measured(experiment: StagedExperiment, scene: Scene) -> Sample:
    sample = Sample()
    with trio.fail_after(150):
        await experiment.measure(scene, Asked(seed=1), sample)
    return sample


async def test_what_is_measured_happens(tmp_path: Path) -> None:
    async with started(2, network(), "loopback") as scene:
        folder = scene.plan.clusters[0].folder.parent
        changed = await measured(Changes(changes=2), scene)
        assert len(changed.durations["applied"]) == 4
        assert changed.counts == {"changes": 2, "missed": 0}
        for how in ("restart", "crash-loop"):
            ended = await measured(AgentEnds(how=how, duration=SHORT, after=SHORT), scene)
            assert ended.counts["withdrawn"] == 0
            assert ended.counts["ended"] >= 1
        killed = await measured(NodeKills(kills=1), scene)
        assert killed.counts == {"kills": 1, "missed": 0}
        assert figures(killed)["withdrawn_s"]
        flooded = await measured(Floods(kind="sealed", rate=1_000, duration=2 * SHORT), scene)
        assert flooded.counts == {"false_deaths": 0, "missed": 0}
        assert flooded.amounts["sent_per_s"][0] > 100
    assert not folder.exists()
