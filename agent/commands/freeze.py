"""`isthmus freeze` and `isthmus unfreeze`: the switch that stops all writing to the mesh."""

from typing import TYPE_CHECKING

import click

from agent.commands.changing import dry_run_option, on_store, say, version_of, with_settings

if TYPE_CHECKING:
    from agent.objects import ObjectKey
    from agent.settings_file import Settings
    from agent.store import ObjectStore

NAME = "freeze"
"""Of the object that these commands make; `--lift` removes those of other names as well."""

REASON_CHARACTERS_MAX = 256


@click.command(
    epilog="""\b
Examples:
  isthmus freeze --config east.yaml --reason 'upgrade of the mesh'
  isthmus freeze --config east.yaml --lift
"""
)
@with_settings
@click.option("--reason", default="", help="Why; it is shown wherever the freeze is.")
@click.option("--lift", is_flag=True, help="End it: the same as `isthmus unfreeze`.")
@dry_run_option
def freeze(settings: "Settings", *, reason: str, lift: bool, dry_run: bool) -> None:
    """Write nothing to the mesh of this cluster until it is lifted.

    Everything else goes on: the cluster is seen, its sets are published, and those of others are
    kept up to date. What was written stays as it is.
    """
    if lift:
        _lift(settings, dry_run=dry_run)
        return
    if len(reason) > REASON_CHARACTERS_MAX:
        words = f"must have at most {REASON_CHARACTERS_MAX} characters"
        raise click.BadParameter(words, param_hint="--reason")
    from agent.objects import FREEZE, ObjectKey

    async def work(store: "ObjectStore") -> None:
        version = await version_of(store, ObjectKey(FREEZE, "", NAME))
        document = {
            "apiVersion": FREEZE.api_version(version),
            "kind": FREEZE.name,
            "metadata": {"name": NAME},
            "spec": {"reason": reason},
        }
        await store.apply(document, force=True, dry_run=dry_run)

    on_store(settings, work)
    say(f"freeze what the mesh of {settings.config.cluster} has", dry_run=dry_run)


@click.command()
@with_settings
@dry_run_option
def unfreeze(settings: "Settings", *, dry_run: bool) -> None:
    """Lift every freeze of this cluster: what waits is written at once."""
    _lift(settings, dry_run=dry_run)


def _lift(settings: "Settings", *, dry_run: bool) -> None:
    from agent.objects import FREEZE, ObjectKey, key_of

    async def work(store: "ObjectStore") -> "list[ObjectKey]":
        version = await version_of(store, ObjectKey(FREEZE, "", NAME))
        listing = await store.list(FREEZE, version)
        keys = [key_of(FREEZE, each) for each in listing.objects]
        for key in keys:
            await store.delete(key, dry_run=dry_run)
        return keys

    lifted = on_store(settings, work)
    if not lifted:
        click.echo(f"{settings.config.cluster} is not frozen", err=True)
    for key in lifted:
        say(f"lift {key}", dry_run=dry_run)
