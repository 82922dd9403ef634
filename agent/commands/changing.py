"""What commands that change something share: the settings, the store, dry runs, and exit codes.

A command is handed its store by whoever calls it in a test; on the command line it is the one that
the settings name. Nothing heavy is imported before a command runs.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeAlias, TypeVar

import click

if TYPE_CHECKING:
    from agent.objects import Document, ObjectKey
    from agent.settings_file import Settings
    from agent.store import ObjectStore

P = ParamSpec("P")
R = TypeVar("R")

FAILED, WRONG_USE, WAITED_IN_VAIN = 1, 2, 4


@dataclass(frozen=True, slots=True)
class StoreOpener:
    """How commands open the store; put into the context's object to hand them another."""

    open: "Callable[[Settings], AbstractAsyncContextManager[ObjectStore]]"


class ChangeRefusedError(click.ClickException):
    """Nothing was changed: what was asked for is impossible, or the store does not do it."""

    exit_code = FAILED


class SettingsRefusedError(click.ClickException):
    """The settings file has faults; all of them are in the message."""

    exit_code = WRONG_USE


def config_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the option `--config` (as `config`), which it cannot do without."""
    return click.option(
        "--config",
        "-c",
        envvar="ISTHMUS_CONFIG",
        required=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="The agent's settings file; they say where the cluster's store is.",
    )(command)


def dry_run_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the option `--dry-run` (as `dry_run`)."""
    return click.option(
        "--dry-run", is_flag=True, help="Change nothing; check all of it, and show what would be."
    )(command)


def with_settings(
    command: "Callable[Concatenate[Settings, P], None]",
) -> Callable[P, None]:
    """Give a command the option `--config`, and what that file says as its first argument."""

    @config_option
    @wraps(command)
    def configured(*arguments: P.args, **options: P.kwargs) -> None:
        config = options.pop("config")
        assert isinstance(config, Path)
        command(settings_of(config), *arguments, **options)

    return configured


def settings_of(config: Path) -> "Settings":
    """Return what a settings file says. Raises `SettingsRefusedError` with all of its faults."""
    from agent.settings_file import SettingsError, read_settings

    try:
        return read_settings(config)
    except SettingsError as error:
        raise SettingsRefusedError(f"the settings are refused\n{error}") from error


# --- the store --------------------------------------------------------------------------


def on_store(settings: "Settings", work: "Callable[[ObjectStore], Awaitable[R]]") -> R:
    """Do `work` on the cluster's store; what the store refuses ends the command with its words."""
    import trio

    from agent.store import StoreError

    context = click.get_current_context()
    opener = context.find_object(StoreOpener) or StoreOpener(_store_of)

    async def opened() -> R:
        async with opening as store:
            return await work(store)

    try:
        opening = opener.open(settings)
        return trio.run(opened)
    except StoreError as error:
        raise ChangeRefusedError(f"{settings.config.store.directory}: {error}") from error


def _store_of(settings: "Settings") -> "AbstractAsyncContextManager[ObjectStore]":
    from agent.process.clock import wall_ms
    from agent.process.entropy import dice
    from agent.stores.directory import opened
    from agent.stores.disk import Disk
    from agent.stores.folder import Surroundings

    directory = settings.config.store.directory
    if not directory.is_dir():  # It would be made, at a place that was misspelt perhaps.
        words = "is no directory; make it, or correct store.directory in the settings"
        raise ChangeRefusedError(f"{directory}: {words}")
    return opened(directory, Surroundings(wall_ms, dice(), Disk()))


async def version_of(store: "ObjectStore", key: "ObjectKey") -> str:
    """Return the version in which a store serves the kind of `key`, the best one that we know.

    Raises `ChangeRefusedError` where it serves none.
    """
    served = await store.served()
    for version in key.kind.versions:
        if (key.kind, version) in served:
            return version
    raise ChangeRefusedError(f"the store serves no {key.kind}; apply its CRD first")


async def find(store: "ObjectStore", key: "ObjectKey") -> "Document | None":
    """Return an object, None where there is none."""
    from agent.store import NotFoundError

    try:
        return await store.get(key, await version_of(store, key))
    except NotFoundError:
        return None


Faults: TypeAlias = list[str]


def refuse(faults: Faults) -> None:
    """Raise `ChangeRefusedError` with all faults, if there is any: nothing is changed then."""
    if faults:
        raise ChangeRefusedError("\n".join(["nothing was changed:", *faults]))


def say(words: str, *, dry_run: bool) -> None:
    """Tell people, beside the answer, what was done; in a dry run what would have been."""
    click.echo(f"{'dry run, nothing was changed; would' if dry_run else 'done'}: {words}", err=True)
