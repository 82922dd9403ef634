"""What is asked for is read, and refused before anything runs."""

from pathlib import Path

import click
import pytest

from simulations.parameters import (
    all_options,
    check_picture,
    check_writable,
    read_override,
    shared_options,
)
from simulations.sets.records import Records
from simulations.sets.registry import SETS
from simulations.swim.crashes import Crash
from simulations.swim.registry import SWIM


def names(options: list[click.Option]) -> set[str]:
    return {name for option in options for name in option.opts}


def test_a_family_that_compares_nothing_asks_for_no_configuration() -> None:
    swim, sets = shared_options(SWIM, Crash.plan), shared_options(SETS, Records.plan)
    assert names(swim) - names(sets) == {"--members", "--configuration", "--set"}
    assert names(sets) == {"--seeds", "--first-seed", "--output", "--plot", "--jobs"}
    assert names(all_options(SWIM)) - names(all_options(SETS)) == {"--set"}


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="no such directory to write a file in"):
        check_picture(tmp_path.parent / f"{tmp_path.name}.png" / "here.png")
    check_picture(tmp_path / "picture.png")


def test_a_document_needs_a_directory(tmp_path: Path) -> None:
    check_writable("--write", tmp_path / "RESULTS.md")
    with pytest.raises(click.UsageError, match=r"--write .*no such directory"):
        check_writable("--write", tmp_path / "nowhere" / "RESULTS.md")


@pytest.mark.parametrize(
    ("word", "override"),
    [
        ("probe.interval=500ms", ("probe.interval", 500_000)),
        ("probe.interval=500000", ("probe.interval", 500_000)),
        ("suspicion.by_group=true", ("suspicion.by_group", True)),
        ("suspicion.by_group=false", ("suspicion.by_group", False)),
        ("probe.relays=-1", ("probe.relays", -1)),
    ],
)
def test_overrides_are_read(word: str, override: tuple[str, int]) -> None:
    assert read_override(word) == override
