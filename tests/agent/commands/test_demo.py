"""`isthmus demo` refuses what makes no sense before it starts anything."""

import socket
from pathlib import Path

from click.testing import CliRunner

from agent.commands.demo import demo
from agent.demo.plan import plan


def test_a_network_that_is_none_is_refused() -> None:
    answer = CliRunner().invoke(demo, ["--network", "300"])
    assert answer.exit_code == 2
    assert "300" in answer.output


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    answer = CliRunner().invoke(demo, ["--folder", str(file)])
    assert answer.exit_code == 2
    assert "is a file" in answer.output


def test_addresses_that_another_demonstration_has_are_told_with_the_remedy(tmp_path: Path) -> None:
    relay = next(plan(tmp_path, network=200).nodes).relay
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((relay.host, relay.port))
        answer = CliRunner().invoke(demo, ["--network", "200", "--folder", str(tmp_path / "demo")])
    assert answer.exit_code == 1
    assert f"Error: {relay}: " in answer.output
    assert "choose another --network" in answer.output
