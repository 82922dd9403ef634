"""An agent is prepared from its folder, its keys and its store, and from less where it must be."""

from pathlib import Path
from random import Random

import pytest

from agent.demo.layout import lay_out
from agent.demo.plan import NodePlan, plan
from agent.key_files import KeyFileError
from agent.objects import TRUSTED_CLUSTER
from agent.process.preparing import prepared
from agent.settings_file import read_settings
from agent.state_folder import StateFolder, StateFolderError
from discovery.recordset import EMPTY
from tests.agent.kept_states import kept_set, kept_state


def laid_out(folder: Path) -> NodePlan:
    planned = plan(folder, ("east", "west"), network=40)
    lay_out(planned, Random(1).randbytes)
    return next(iter(planned.nodes))


async def test_all_of_it_is_there(tmp_path: Path) -> None:
    node = laid_out(tmp_path)
    async with prepared(read_settings(node.config)) as ready:
        agent = ready.agent
        assert (agent.identity.node, agent.identity.group) == ("east-1", "east")
        assert agent.identity.address == str(node.agent)
        assert agent.identity.node_address == str(node.kubelet)
        assert agent.charter.uid == "uid-of-east"
        assert agent.head is None
        start = ready.credentials.start
    async with prepared(read_settings(node.config)) as again:
        assert again.credentials.start > start, "a later process is a later one"


async def test_without_its_directory_an_agent_begins_with_what_was_kept(tmp_path: Path) -> None:
    node = laid_out(tmp_path)
    trust = {"kind": TRUSTED_CLUSTER.name, "metadata": {"name": "west"}}
    with StateFolder(node.state) as folder:
        folder.load()
        folder.save(kept_state([kept_set("west", 1, EMPTY)]))
        folder.save_trusted([trust])
    away = tmp_path / "east" / "away"
    (tmp_path / "east" / "objects").rename(away)
    async with prepared(read_settings(node.config)) as ready:
        assert ready.agent.charter.trusted == (trust,)
        assert [each.manifest.origin for each in ready.agent.charter.kept.sets] == ["west"]
        assert ready.agent.identity.address == str(node.agent)
    assert not (tmp_path / "east" / "objects").exists()


async def test_a_folder_of_another_agent_stops_the_start(tmp_path: Path) -> None:
    node = laid_out(tmp_path)
    with StateFolder(node.state), pytest.raises(StateFolderError, match="another agent"):
        async with prepared(read_settings(node.config)):
            pass


async def test_a_key_that_others_may_read_stops_the_start(tmp_path: Path) -> None:
    node = laid_out(tmp_path)
    key = tmp_path / "east" / "cluster.key"
    key.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        async with prepared(read_settings(node.config)):
            pass
