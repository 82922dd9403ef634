"""`isthmus trust`: whom this cluster believes, and what others need in order to believe it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from agent.commands.changing import (
    ChangeRefusedError,
    config_option,
    dry_run_option,
    find,
    on_store,
    refuse,
    say,
    settings_of,
    with_settings,
)
from agent.commands.key_sheets import OLD_FILE, file_faults_said
from agent.commands.showing import Cell, Column, Document, Sheet, Sheets, Tone, show, shows_once

if TYPE_CHECKING:
    from agent.objects import ObjectKey
    from agent.settings_file import Settings
    from agent.store import ObjectStore
    from agent.yaml_text import Lines

_ONE_BY_ONE = re.compile(r"; (?=[^ ]+: )")
"""What stands between two faults of one object: the path of a field follows."""


@click.group(
    epilog="""\b
Examples:
  isthmus trust export --key east.key --services 'shop/*' > trust-east.yaml
  isthmus trust add trust-east.yaml --config west.yaml
  isthmus trust list --config west.yaml
"""
)
def trust() -> None:
    """Say whom this cluster believes, and what they may serve here."""


# --- for others -------------------------------------------------------------------------


@trust.command()
@click.option("--key", type=OLD_FILE, help="The cluster's key file.")
@click.option("--config", "-c", type=OLD_FILE, help="Settings that name it, in place of --key.")
@click.option("--services", multiple=True, metavar="PATTERN", help="NAMESPACE/NAME, * for any.")
@click.option("--precedence", type=click.IntRange(-1_000, 1_000), help="The higher one wins.")
@click.option("--policies", is_flag=True, help="Its travelling policies are to hold there.")
@click.option("--relay-only", is_flag=True, help="To be passed on, and served nowhere.")
def export(key: Path | None, config: Path | None, **rules: bool | int | tuple[str, ...]) -> None:
    """Print the TrustedCluster that others apply in order to trust this cluster.

    What it may serve there is theirs to decide: the options only spare them the writing. While a
    key is staged both are in it. No secret is in it.
    """
    from agent.key_files import read_cluster_key, shown_key
    from agent.yaml_text import to_yaml

    if (key is None) == (config is None):
        raise click.UsageError("name either --key or --config")
    settings = settings_of(config) if config else None
    with file_faults_said():
        own = read_cluster_key(key or _key_of(settings))
    public = [
        {"generation": generation, "key": shown_key(octets)}
        for generation, octets in sorted(own.own_keys.items())
        if generation >= own.generation
    ]
    spec: dict[str, object] = {"cluster": own.cluster, "keys": public}
    if settings and settings.config.uid:
        spec["uid"] = settings.config.uid
    document = {
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "TrustedCluster",
        "metadata": {"name": own.cluster},
        "spec": spec | _import_of(rules),
    }
    refuse(list(_faults(document, "the options", None)))
    click.echo(to_yaml(document), nl=False)


def _key_of(settings: "Settings | None") -> Path:
    assert settings is not None, "one of the options is there"
    return settings.config.keys.cluster


def _import_of(rules: dict[str, bool | int | tuple[str, ...]]) -> dict[str, object]:
    services, precedence = rules["services"], rules["precedence"]
    found: dict[str, object] = {}
    if isinstance(services, tuple) and services:
        found["services"] = list(services)
    if precedence is not None:
        found["precedence"] = precedence
    found |= {
        name: True
        for name, flag in (("policies", "policies"), ("relayOnly", "relay_only"))
        if rules[flag]
    }
    return {"import": found} if found else {}


# --- of others --------------------------------------------------------------------------


@trust.command()
@click.argument("file", type=click.File("r"))
@config_option
@dry_run_option
def add(file: TextIO, config: Path, *, dry_run: bool) -> None:
    """Apply the trust objects in FILE (- for the standard input): all of them, or none.

    An object of that name is replaced.
    """
    settings = settings_of(config)
    documents = _read(file)
    refuse(
        [fault for document, lines in documents for fault in _faults(document, file.name, lines)]
    )
    own = settings.config.cluster
    refuse(
        [
            f"{_subject(document)}: names this cluster, {own}, which its own key speaks for"
            for document, _ in documents
            if _cluster_of(document) == own
        ]
    )

    async def work(store: "ObjectStore") -> None:
        for each, _ in documents:  # All are tried before one is applied.
            await store.apply(each, dry_run=True, force=True)
        for each, _ in documents if not dry_run else []:
            await store.apply(each, force=True)

    on_store(settings, work)
    for each, _ in documents:
        say(f"trust {_subject(each)}", dry_run=dry_run)


def _read(file: TextIO) -> "list[tuple[Document, Lines]]":
    from agent.yaml_text import YamlError, read_documents

    try:
        documents = read_documents(file.read(), file.name)
    except YamlError as error:
        raise ChangeRefusedError(f"nothing was changed: {error}") from error
    except UnicodeError as error:
        raise ChangeRefusedError(f"nothing was changed: {file.name}: is no UTF-8 text") from error
    if not documents:
        raise ChangeRefusedError(f"nothing was changed: {file.name}: has no document")
    return documents


def _faults(document: Document, where: str, lines: "Lines | None") -> Iterator[str]:
    """Give each fault of a trust object, with its line where there are lines."""
    from discovery.refusals import Refused
    from discovery.trust_objects import read_trust_object

    try:
        read_trust_object(document)
    except Refused as refused:
        subject, _, faults = refused.what.partition(": ")
        for fault in _ONE_BY_ONE.split(faults):
            field = fault.partition(": ")[0]
            place = f"{where}:{lines.line(field)}" if lines else where
            yield f"{place}: {subject}: {fault}"


def _subject(document: Document) -> str:
    from discovery.trust_objects import object_name

    return "/".join(object_name(document))


def _cluster_of(document: Document) -> str:
    from agent.objects import text_at

    if text_at(document, "kind") != "TrustedCluster":
        return ""
    return text_at(document, "spec", "cluster") or text_at(document, "metadata", "name")


@trust.command(name="list")
@with_settings
@shows_once
def list_all(settings: "Settings", *, output: str) -> None:
    """List the trust objects of this cluster, and what is wrong with any."""
    from agent.objects import TRUSTED_CLUSTER, TRUSTED_FLEET

    async def work(store: "ObjectStore") -> list[Document]:
        served = await store.served()
        found: list[Document] = []
        for kind in (TRUSTED_CLUSTER, TRUSTED_FLEET):
            for version in (each for each in kind.versions if (kind, each) in served):
                found += (await store.list(kind, version)).objects
        return found

    items = [_listed(each) for each in on_store(settings, work)]
    show({"kind": "TrustList", "items": items}, output, _sheets)


def _listed(document: Document) -> Document:
    from agent.objects import at, list_at, text_at

    rule = at(document, "spec", "import")
    keys = list_at(document, "spec", "keys")
    return {
        "kind": text_at(document, "kind"),
        "name": text_at(document, "metadata", "name"),
        "clusters": [*list_at(document, "spec", "clusters")] or [_cluster_of(document)],
        "generations": [at(each, "generation") for each in keys],
        "services": [*list_at(rule, "services")],
        "precedence": at(rule, "precedence") or 0,
        "policies": at(rule, "policies") is True,
        "relayOnly": at(rule, "relayOnly") is True,
        "faults": list(_faults(document, "store", None)),
    }


def _sheets(document: Document) -> Sheets:
    items = document["items"]
    assert isinstance(items, list)
    columns = (
        Column("object", lambda row: f"{row['kind']}/{row['name']}"),
        Column("clusters", lambda row: _joined(row["clusters"])),
        Column("generations", lambda row: _joined(row["generations"])),
        Column("may serve", _serves),
        Column("precedence", lambda row: str(row["precedence"])),
        Column("policies", lambda row: "yes" if row["policies"] else "no"),
        Column("state", _state),
    )
    return [Sheet(columns, tuple(items), empty="nobody is trusted: isthmus trust add FILE")]


def _joined(values: object) -> str:
    assert isinstance(values, list)
    return ", ".join(str(each) for each in values if each is not None)


def _serves(row: Document) -> str:
    return "relayed only" if row["relayOnly"] else _joined(row["services"]) or "nothing"


def _state(row: Document) -> Cell:
    faults = row["faults"]
    return Cell(_joined(faults), Tone.BAD) if faults else Cell("fine", Tone.GOOD)


@trust.command(name="show")
@click.argument("name")
@with_settings
@click.option("--output", "-o", type=click.Choice(["yaml", "json"]), default="yaml")
def show_one(settings: "Settings", name: str, *, output: str) -> None:
    """Print one trust object: NAME, or KIND/NAME where there are two of that name."""
    _, document = _found(settings, name)
    show(document, output, _sheets)


@trust.command()
@click.argument("name")
@with_settings
@dry_run_option
def remove(settings: "Settings", name: str, *, dry_run: bool) -> None:
    """Trust NAME (or KIND/NAME) no more: its endpoints are removed here at once."""
    key, _ = _found(settings, name)

    async def work(store: "ObjectStore") -> None:
        await store.delete(key, dry_run=dry_run)

    on_store(settings, work)
    say(f"trust {key.kind.name}/{key.name} no more", dry_run=dry_run)


def _found(settings: "Settings", name: str) -> "tuple[ObjectKey, Document]":
    from agent.objects import TRUSTED_CLUSTER, TRUSTED_FLEET, ObjectKey

    kind_name, _, object_name = name.rpartition("/")
    kinds = [each for each in (TRUSTED_CLUSTER, TRUSTED_FLEET) if kind_name in ("", each.name)]

    async def work(store: "ObjectStore") -> "list[tuple[ObjectKey, Document]]":
        keys = [ObjectKey(kind, "", object_name) for kind in kinds]
        return [(key, found) for key in keys if (found := await find(store, key)) is not None]

    found = on_store(settings, work)
    if not found:
        raise ChangeRefusedError(f"there is no trust object {name}: isthmus trust list")
    if len(found) > 1:
        raise ChangeRefusedError(f"there are two of that name: say {found[0][0].kind.name}/{name}")
    return found[0]
