"""The root of the command line, which finds its commands rather than knowing them.

A command is an entry point in the group `isthmus.commands` that leads to a `click.Command`. So a
package above this one adds its own without being imported from here. Two rules follow:

Rule 1: one command that cannot be loaded takes no other with it. It stays in the list, says why
it is broken, and fails when it is called.

Rule 2: help and completion load the modules of the commands, so those modules import nothing
heavy at their top; trio, rich, matplotlib and the like are imported when the command runs.
"""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import click

COMMANDS_GROUP = "isthmus.commands"

EPILOG = """
Every command explains itself with --help.

Completion of commands and options by the tab key: `isthmus completion --help`.
"""


class DiscoveredGroup(click.Group):
    """A group of the commands that are built in and of those that entry points lead to.

    Of two entry points under one name neither is run: which of them won would depend on the order
    of installation. A command that is built in cannot be replaced.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands in alphabetical order, the broken ones too; loads none of them."""
        found = {point.name for point in entry_points(group=COMMANDS_GROUP)}
        return sorted(found.union(super().list_commands(ctx)))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command of this name, and no other. Nothing found gives None."""
        built_in = super().get_command(ctx, cmd_name)
        if built_in is not None:
            return built_in
        points = entry_points(group=COMMANDS_GROUP, name=cmd_name)
        return load(points) if points else None


def load(points: Iterable[EntryPoint]) -> click.Command:
    """Follow the entry points of one name to their command; a broken one gives a `Broken`."""
    point, *others = sorted(set(points), key=lambda point: point.value)
    if others:
        rivals = ", ".join(rival.value for rival in (point, *others))
        return Broken(point.name, f"several packages claim it: {rivals}")
    try:
        command: object = point.load()
    except (AttributeError, ImportError, SyntaxError) as error:
        return Broken(point.name, f"{point.value}: {type(error).__name__}: {error}")
    if not isinstance(command, click.Command):
        return Broken(point.name, f"{point.value} is a {type(command).__name__}, not a command")
    return command


class Broken(click.Command):
    """Stands in for a command that cannot be loaded: says why, whatever its arguments are."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            name,
            callback=self._fail,
            params=[click.Argument(["arguments"], nargs=-1, expose_value=False)],
            short_help=f"(cannot be loaded) {reason}",
            add_help_option=False,
            context_settings={"ignore_unknown_options": True},
        )
        self.reason = reason

    def _fail(self) -> NoReturn:
        message = f"the command {self.name!r} cannot be loaded: {self.reason}"
        raise click.ClickException(message)


@click.group(
    cls=DiscoveredGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="isthmus", message="%(prog)s %(version)s")
def root() -> None:
    """Isthmus joins Kubernetes clusters.

    Agents gossip between the clusters who serves what, where, and whether it is alive. There is
    no hub: every statement is signed by the cluster that makes it.
    """


@root.command(epilog='For bash, in ~/.bashrc:  eval "$(isthmus completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes commands in SHELL.

    Let your shell evaluate it at start-up.
    """
    from click.shell_completion import get_completion_class

    maker = get_completion_class(shell)
    assert maker is not None, "each choice is a shell that click knows"
    click.echo(maker(root, {}, "isthmus", "_ISTHMUS_COMPLETE").source())
