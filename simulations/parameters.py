"""What can be asked for on the command line, and what is wrong with it before anything runs."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # Help of the whole program loads this module, and must stay quick.
    from simulations.experiment import Plan
    from simulations.family import Family
    from simulations.options import Option, Value

PICTURES = (".pdf", ".png", ".svg")
"""What a picture's file may end in."""


def own_option(option: "Option") -> click.Option:
    """Return the click option of one of an experiment's own."""
    from simulations.options import show

    def read(_ctx: click.Context, _param: click.Parameter, text: str) -> "tuple[Value, ...]":
        try:
            return tuple(option.read(word) for word in text.split(","))
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return click.Option(
        [f"--{option.name.replace('_', '-')}", option.name],
        callback=read,
        metavar=option.kind,
        default=",".join(show(option, value) for value in option.default),
        show_default=True,
        help=f"{option.help[0].upper()}{option.help[1:]}.",
    )


def shared_options(family: "Family", plan: "Plan") -> list[click.Option]:
    """Return what every experiment of a family can be asked besides its own options."""
    return [
        _number("--seeds", plan.seeds, "How many runs, each from its own seed."),
        _number("--first-seed", 1, "The seed of the first run."),
        *_members_options(family, plan),
        *_configuration_options(family, plan),
        *_set_options(family),
        _output_option(),
        click.Option(
            ["--plot"],
            type=click.Path(dir_okay=False),
            help=f"Draw a picture into this file ({', '.join(PICTURES)}).",
        ),
        _jobs_option(),
    ]


def all_options(family: "Family") -> list[click.Option]:
    """Return what can be asked of a run of all targets."""
    return [
        click.Option(
            ["--write"],
            type=click.Path(path_type=Path),
            help="Write a document into this file.",
        ),
        click.Option(
            ["--quick"], is_flag=True, help="A small version: it shows that all runs, no more."
        ),
        click.Option(
            ["--seeds"],
            type=click.IntRange(min=1),
            help="At most so many seeds for each target, in place of 20 or more.",
        ),
        click.Option(
            ["--only"],
            default="",
            help="Only targets with this in their names; of the others a file keeps what it has.",
        ),
        click.Option(
            ["--missing"],
            is_flag=True,
            help="Only what the file lacks: goes on where an earlier run stopped.",
        ),
        *_set_options(family),
        _output_option(),
        _jobs_option(),
    ]


def _members_options(family: "Family", plan: "Plan") -> list[click.Option]:
    if not family.has_members:
        return []
    return [_number("--members", plan.members, "How many members.", least=2)]


def _configuration_options(family: "Family", plan: "Plan") -> list[click.Option]:
    if not family.compares:
        return []
    return [
        click.Option(
            ["--configuration"],
            type=click.Choice(family.configurations),
            multiple=True,
            default=plan.configurations,
            show_default=True,
            help="Which detector runs; repeatable.",
        )
    ]


def _output_option() -> click.Option:
    return click.Option(
        ["--output"],
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="What to print.",
    )


def _jobs_option() -> click.Option:
    help_ = "How many processes.  [default: as many as there are processors]"
    return click.Option(["--jobs"], type=click.IntRange(1), help=help_)


def _set_options(family: "Family") -> list[click.Option]:
    if family.check is None:
        return []
    return [
        click.Option(
            ["--set", "overrides"],
            multiple=True,
            metavar="PATH=VALUE",
            callback=lambda _ctx, _param, words: tuple(map(read_override, words)),
            help="Set something of ours, such as probe.interval=500ms; repeatable.",
        )
    ]


def read_override(word: str) -> tuple[str, int]:
    """Read a path of the detector's configuration and a value; BadParameter where it is none.

    A plain number is taken as it is, one with a unit becomes microseconds.
    """
    from simulations.options import read_duration

    path, equals, text = word.partition("=")
    if not equals:
        raise click.BadParameter(f"{word!r} lacks a '='; probe.interval=500ms would do")
    if text in ("true", "false"):
        return path, text == "true"
    try:
        return path, int(text) if text.lstrip("-").isdigit() else read_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _number(name: str, default: int, help_: str, *, least: int = 1) -> click.Option:
    kind = click.IntRange(least)
    return click.Option([name], type=kind, default=default, show_default=True, help=help_)


def check_picture(path: Path) -> None:
    """Raise UsageError where no picture could be drawn into this file."""
    if path.suffix not in PICTURES:
        raise click.UsageError(f"--plot {path}: the name must end in {', '.join(PICTURES)}")
    check_writable("--plot", path)
    if find_spec("matplotlib") is None:
        raise click.UsageError("--plot needs matplotlib: pip install 'isthmus[plot]'")


def check_writable(option: str, path: Path) -> None:
    """Raise UsageError where this file could not be written."""
    parent = path.absolute().parent
    target = path if path.exists() else parent
    if path.is_dir() or not parent.is_dir():
        raise click.UsageError(f"{option} {path}: there is no such directory to write a file in")
    if not os.access(target, os.W_OK):
        raise click.UsageError(f"{option} {path}: {target} cannot be written")
