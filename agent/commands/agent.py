"""`isthmus agent`: one agent, from its settings until it is told to stop."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.process.early import heed_signals_early

if TYPE_CHECKING:
    from agent.settings_file import Settings

EPILOG = """
\b
Examples:
  isthmus agent --config /etc/isthmus/agent.yaml
  isthmus agent --config east-1.yaml --dry-run        show what it would write; write nothing
  isthmus agent --print-reference > configuration.md  what can be set, and what it means

\b
Signals: TERM and INT stop it gracefully (within `stopWithin`), twice at once. HUP has it read its
settings and keys again; seeds, region, network, gateways, capacity, mesh.trustDomain and log.level
change at once, and the status names what else has changed and needs a restart. Exit codes: 0
stopped as it was told, 1 could not start or go on, 2 wrong settings.
"""


@click.command(epilog=EPILOG, short_help="Run the agent of one node.")
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="ISTHMUS_CONFIG",
    help="The settings file; the environment variable ISTHMUS_CONFIG names it as well.",
)
@click.option(
    "--dry-run", is_flag=True, help="Write nothing to the mesh; show what would be written."
)
@click.option("--check", is_flag=True, help="Read the settings, say what is wrong, and end.")
@click.option(
    "--print-reference", is_flag=True, help="Print all settings with their meaning, and end."
)
@click.option("--print-schema", is_flag=True, help="Print the settings' JSON schema, and end.")
def agent(
    file: Path | None, *, dry_run: bool, check: bool, print_reference: bool, print_schema: bool
) -> None:
    """Run the agent of one node.

    It finds the other agents of its cluster by its seed list, watches them, and is told by them;
    where it is one of its cluster's bridges it tells other clusters what this one serves, and has
    the local mesh obey what they say.
    """
    if print_reference or print_schema:
        _print(schema=print_schema)
        return
    if file is None:
        raise click.UsageError("name the settings file: --config FILE")
    if not check:
        heed_signals_early()
    settings = _settings(file, dry_run=dry_run)
    if check:
        click.echo(f"{file}: the settings of {settings.node} in {settings.config.cluster} are good")
        return
    sys.exit(_run(settings))


def _print(*, schema: bool) -> None:
    from agent.settings_reference import settings_reference, settings_schema

    if schema:
        import json

        click.echo(json.dumps(settings_schema(), indent=2))
    else:
        click.echo(settings_reference(), nl=False)


def _settings(file: Path, *, dry_run: bool) -> "Settings":
    from agent.settings_file import SettingsError, read_settings

    try:
        settings = read_settings(file)
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    return settings.with_dry_run() if dry_run else settings


def _run(settings: "Settings") -> int:
    import trio

    from agent.process.starting import run

    return trio.run(run, settings, sys.stderr)
