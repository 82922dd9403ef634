"""The tab key knows what the agent knows, and is silent where there is none."""

from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from agent.commands.clusters import clusters
from agent.commands.explain import explain
from agent.local.listening import Listen
from tests.agent.commands.running import running
from tests.agent.local.ports import Core
from tests.agent.local.scenes import bridge_facts, met


def completed(command: click.Command, *given: str, begun: str) -> list[str]:
    completion = ShellComplete(command, {}, "isthmus", "_X")
    return [str(each.value) for each in completion.get_completions(list(given), begun)]


def test_services_and_clusters_are_completed_from_the_agent() -> None:
    with running(Core(bridge_facts(met()))) as address:
        assert completed(explain, "--address", address, begun="shop/") == ["shop/api", "shop/web"]
        assert completed(explain, "--address", address, begun="shop/w") == ["shop/web"]
        assert completed(clusters, "--address", address, begun="") == ["home", "east", "west"]


def test_a_unix_socket_and_the_environment_are_as_good(tmp_path: Path) -> None:
    listen = Listen(path=str(tmp_path / "agent.sock"))
    runner = CliRunner(env={"ISTHMUS_ADDRESS": f"{listen}"})
    with running(Core(bridge_facts(met())), listen), runner.isolation():
        assert completed(clusters, begun="e") == ["east"]


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "unix:/nowhere"])
def test_where_no_agent_answers_nothing_is_said(
    address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert completed(clusters, "--address", address, begun="") == []
    assert capfd.readouterr() == ("", "")
