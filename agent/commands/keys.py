"""`isthmus keys`: makes, shows and rotates keys; signs what a fleet signs.

A rotation has two steps, so that nobody who trusts this cluster ever misses a word of it: the next
key is staged, told to the others (`isthmus trust export` has both then), and later activated.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.commands.changing import ChangeRefusedError, dry_run_option, say
from agent.commands.fleet_keys import fleet, revoke
from agent.commands.key_sheets import (
    NEW_FILE,
    OLD_FILE,
    check_absent,
    file_faults_said,
    show_key,
    shown_cluster,
    shown_file,
)
from agent.commands.showing import shows_once

if TYPE_CHECKING:
    from agent.key_files import ClusterKey


@click.group(
    epilog="""\b
Examples:
  isthmus keys make cluster.key --cluster east
  isthmus keys rotate cluster.key           # stage the next key, and tell the others
  isthmus keys rotate cluster.key --activate
  isthmus keys fleet make fleet.key --name prod
"""
)
def keys() -> None:
    """Make, show, rotate, certify and revoke keys."""


@keys.command()
@click.argument("file", type=NEW_FILE)
@click.option("--cluster", required=True, help="The cluster's name: an RFC 1123 label.")
@click.option(
    "--generation",
    type=click.IntRange(0, (1 << 63) - 1),
    default=1,
    show_default=True,
    help="Above every one that others trust, where the cluster had a key that is lost.",
)
@dry_run_option
@shows_once
def make(file: Path, cluster: str, generation: int, *, dry_run: bool, output: str) -> None:
    """Make a cluster's private key and write it to FILE, which must not be there yet."""
    from agent.key_files import ClusterKey, write_cluster_key
    from agent.process.entropy import secret
    from discovery.names import Origin, is_label
    from discovery.signing import SEED_BYTES, SigningKey

    if not is_label(cluster):
        raise click.BadParameter(f"{cluster!r} is no RFC 1123 label", param_hint="--cluster")
    check_absent(file)
    seed = secret(SEED_BYTES)
    key = ClusterKey(Origin(cluster), generation, SigningKey.from_seed(seed))
    if not dry_run:
        with file_faults_said():
            write_cluster_key(file, key, seed)
        show_key(shown_cluster(key), output)
    words = f"make the key of {cluster}, generation {generation}, in {file} (mode 0600)"
    say(words, dry_run=dry_run)


@keys.command(name="show")
@click.argument("file", type=OLD_FILE)
@shows_once
def show_file(file: Path, output: str) -> None:
    """Show what is public of any key file; `-o yaml` of a cluster's is what a fleet certifies."""
    show_key(shown_file(file), output)


@keys.command()
@click.argument("file", type=OLD_FILE)
@click.option("--activate", is_flag=True, help="Sign with the staged key from now on.")
@click.option(
    "--at-once",
    is_flag=True,
    help="Stage and activate in one step: others refuse this cluster's news until they trust the "
    "new key. For a key that was stolen.",
)
@dry_run_option
@shows_once
def rotate(file: Path, *, activate: bool, at_once: bool, dry_run: bool, output: str) -> None:
    """Stage the next key of a cluster beside FILE, or activate the one that is staged."""
    from agent.key_files import read_cluster_key

    if activate and at_once:
        raise click.UsageError("--activate and --at-once exclude each other")
    with file_faults_said():
        key = read_cluster_key(file)
        if not activate:
            key = _stage(file, key, dry_run=dry_run)
        if activate or (at_once and not dry_run):
            key = _activate(file, key, dry_run=dry_run)
    if not dry_run:
        show_key(shown_cluster(key), output)


def _next_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.next")


def _stage(file: Path, key: "ClusterKey", *, dry_run: bool) -> "ClusterKey":
    """Write the next key beside the file, and its public key into the file."""
    from agent.key_files import ClusterKey, seed_of, write_cluster_key
    from agent.process.entropy import secret
    from discovery.signing import SEED_BYTES, SigningKey

    if key.staged is not None:
        words = f"{file}: generation {key.staged[0]} is staged already; run with --activate"
        raise ChangeRefusedError(words)
    seed, generation = secret(SEED_BYTES), key.generation + 1
    following = ClusterKey(key.cluster, generation, SigningKey.from_seed(seed))
    staged = replace(key, staged=(generation, following.signer.public))
    if not dry_run:
        # The other way round, a crash in between would announce a key that nobody has.
        write_cluster_key(_next_file(file), following, seed)
        write_cluster_key(file, staged, seed_of(file))
    say(
        f"stage generation {generation} of {key.cluster}; then give the others `isthmus trust "
        "export`, and when they have it: isthmus keys rotate --activate",
        dry_run=dry_run,
    )
    return staged


def _activate(file: Path, key: "ClusterKey", *, dry_run: bool) -> "ClusterKey":
    """Put the staged key into the file, which keeps the public keys before it."""
    from agent.key_files import PREVIOUS_MAX, read_cluster_key, seed_of, write_cluster_key

    waiting = _next_file(file)
    if key.staged is None:
        raise ChangeRefusedError(f"{file}: nothing is staged; run without --activate first")
    following = read_cluster_key(waiting)
    if (following.generation, following.signer.public) != key.staged:
        words = f"is not the key that {file} has staged; restore it, or remove next: there"
        raise ChangeRefusedError(f"{waiting}: {words}")
    previous = ((key.generation, key.signer.public), *key.previous)[:PREVIOUS_MAX]
    activated = replace(following, previous=previous)
    if not dry_run:
        write_cluster_key(file, activated, seed_of(waiting))
        waiting.unlink(missing_ok=True)
    say(
        f"sign with generation {following.generation} of {key.cluster} from now on; running agents "
        "take it by themselves; where there is a fleet, have it certify this key",
        dry_run=dry_run,
    )
    return activated


keys.add_command(fleet)
keys.add_command(revoke)
