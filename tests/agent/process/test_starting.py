"""Every way in which a start may fail is told in words for whoever starts it, and ends with 1."""

import io
import json
import socket
from pathlib import Path

from agent.process.starting import FAILED, run
from agent.settings_file import read_settings
from agent.state_folder import StateFolder
from tests.agent.process.test_preparing import laid_out


async def failed(config: Path) -> str:
    """Start an agent that fails, and return why."""
    out = io.StringIO()
    assert await run(read_settings(config), out) == FAILED
    line = json.loads(out.getvalue().splitlines()[-1])
    assert (line["event"], line["level"]) == ("agent_failed", "error")
    assert (line["cluster"], line["node"]) == ("east", "east-1")
    return str(line["why"])


async def test_a_port_that_another_has_is_named_with_the_settings(tmp_path: Path) -> None:
    node = laid_out(tmp_path)
    with socket.socket() as taken:
        taken.bind((node.agent.host, node.agent.port))
        taken.listen()
        why = await failed(node.config)
    assert str(node.config) in why
    assert str(node.agent) in why


async def test_a_local_port_that_another_has_is_named_as_well(tmp_path: Path) -> None:
    node = laid_out(tmp_path)
    with socket.socket() as taken:
        taken.bind((node.http.host, node.http.port))
        taken.listen()
        why = await failed(node.config)
    assert str(node.config) in why
    assert str(node.http) in why


async def test_a_key_that_is_missing_is_named(tmp_path: Path) -> None:
    node = laid_out(tmp_path)
    key = tmp_path / "east" / "cluster.key"
    key.unlink()
    assert str(key) in await failed(node.config)


async def test_a_folder_that_another_agent_has_is_named(tmp_path: Path) -> None:
    node = laid_out(tmp_path)
    with StateFolder(node.state):
        why = await failed(node.config)
    assert str(node.state) in why
    assert "give this one a folder of its own" in why
