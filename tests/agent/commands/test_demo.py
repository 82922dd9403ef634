"""`isthmus demo` refuses what makes no sense before it starts anything."""

from pathlib import Path

from click.testing import CliRunner

from agent.commands.demo import demo


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
