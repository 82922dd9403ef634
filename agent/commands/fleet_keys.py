"""`isthmus keys fleet` and `isthmus keys revoke`: what is done where the fleet's key is kept."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.commands.changing import ChangeRefusedError, dry_run_option, say
from agent.commands.key_sheets import (
    NEW_FILE,
    OLD_FILE,
    check_absent,
    file_faults_said,
    show_key,
    shown_certificate,
    shown_fleet,
    shown_revocations,
)
from agent.commands.showing import shows_once

if TYPE_CHECKING:
    from discovery.names import PublicKey
    from discovery.revocations import RevocationList

DAY_MS = 86_400_000

fleet_key_option = click.option(
    "--fleet-key", required=True, type=OLD_FILE, help="The file with the fleet's private key."
)


@click.group()
def fleet() -> None:
    """Make the key of a fleet, and certify clusters' keys with it."""


@fleet.command()
@click.argument("file", type=NEW_FILE)
@click.option("--name", required=True, help="The fleet's name: an RFC 1123 label.")
@dry_run_option
@shows_once
def make(file: Path, name: str, *, dry_run: bool, output: str) -> None:
    """Make a fleet's private key and write it to FILE, which must not be there yet."""
    from agent.key_files import write_fleet_key
    from agent.process.entropy import secret
    from discovery.names import is_label
    from discovery.signing import SEED_BYTES

    if not is_label(name):
        raise click.BadParameter(f"{name!r} is no RFC 1123 label", param_hint="--name")
    check_absent(file)
    words = f"make the key of the fleet {name} in {file} (mode 0600); keep it offline"
    if not dry_run:
        with file_faults_said():
            key = write_fleet_key(file, name, secret(SEED_BYTES))
        show_key(shown_fleet(key), output)
    say(words, dry_run=dry_run)


@fleet.command(
    epilog="""\b
Example:
  isthmus keys show cluster.key -o yaml > east.pub      # where the cluster is
  isthmus keys fleet certify east.pub --fleet-key fleet.key --out east.cert --days 365
"""
)
@click.argument("public_key", type=OLD_FILE)
@fleet_key_option
@click.option("--out", required=True, type=NEW_FILE, help="Where the certificate is written.")
@click.option(
    "--days", type=click.IntRange(1, 36_500), help="For how long it is valid.  [default: for ever]"
)
@click.option("--uid", help="UID of the cluster's kube-system namespace.")
@click.option("--network", help="The network that the cluster is in.")
@dry_run_option
@shows_once
def certify(
    public_key: Path,
    fleet_key: Path,
    out: Path,
    *,
    dry_run: bool,
    output: str,
    **stated: str | int | None,
) -> None:
    """Certify a cluster's key: PUBLIC_KEY is what `isthmus keys show -o yaml` prints of it."""
    from agent.key_files import (
        certificate_document,
        read_cluster_public_key,
        read_fleet_key,
        write_document,
    )
    from agent.process.clock import wall_ms
    from discovery.certificates import ClusterBody, issue_cluster_certificate

    days = stated["days"]
    with file_faults_said():
        key, signer = read_cluster_public_key(public_key), read_fleet_key(fleet_key).signer
        body = ClusterBody(
            cluster=key.cluster,
            key=key.key,
            generation=key.generation,
            fleet=signer.public,
            not_after_ms=wall_ms() + days * DAY_MS if isinstance(days, int) else 0,
            uid=str(stated["uid"] or ""),
            network=str(stated["network"] or ""),
        )
        try:
            certificate = issue_cluster_certificate(body, signer)
        except ValueError as error:
            raise ChangeRefusedError(f"nothing was changed: {error}") from error
        if not dry_run:
            comment = (
                f"# The fleet's word on the key of {key.cluster}, generation {key.generation}."
            )
            write_document(out, certificate_document(certificate), f"{comment}\n")
    show_key(shown_certificate(certificate), output)
    say(f"certify generation {key.generation} of {key.cluster} in {out}", dry_run=dry_run)


@click.command(
    epilog="""\b
Example:
  isthmus keys revoke east.pub --fleet-key fleet.key --list revoked.yaml
  # then name revoked.yaml by keys.revocations in the settings of some agents: it travels
"""
)
@click.argument("key", nargs=-1, required=True)
@fleet_key_option
@click.option(
    "--list",
    "listed",
    required=True,
    type=NEW_FILE,
    help="The list of all revoked keys, which is signed anew with a higher number.",
)
@dry_run_option
@shows_once
def revoke(
    key: tuple[str, ...], fleet_key: Path, listed: Path, *, dry_run: bool, output: str
) -> None:
    """Revoke each KEY: a public key as base64 or hex, or a file that has one.

    Others forget nothing at once: what a revoked key signed goes to the last tier until its
    successor's word arrives, or the hold ends. So rotate the key of a cluster first.
    """
    from agent.key_files import read_fleet_key, revocations_document, write_document
    from agent.process.clock import wall_ms
    from discovery.revocations import issue_revocations

    with file_faults_said():
        signer = read_fleet_key(fleet_key).signer
        before = _before(listed, signer.public)
        revoked = {*(before.keys if before else ()), *map(_named_key, key)}
        number = before.number + 1 if before else 1
        try:
            after = issue_revocations(number, revoked, signer, wall_ms())
        except ValueError as error:
            raise ChangeRefusedError(f"nothing was changed: {error}") from error
        if not dry_run:
            write_document(listed, revocations_document(after), "# Signed by the fleet.\n")
    show_key(shown_revocations(after), output)
    say(f"revoke {len(revoked)} keys by list {number} in {listed}", dry_run=dry_run)


def _before(file: Path, fleet: "PublicKey") -> "RevocationList | None":
    from agent.key_files import KeyFileError, read_revocations

    if not file.exists():
        return None
    found = read_revocations(file)
    if found.fleet != fleet:
        raise KeyFileError(file, "is the list of another fleet's key; name another file")
    return found


def _named_key(text: str) -> "PublicKey":
    """Return the public key that a text is, or that the file of that name has."""
    from agent.key_files import kind_of_file, read_cluster_key, read_cluster_public_key
    from discovery.spec_fields import SpecFields, read_key

    fields = SpecFields({"key": text})
    found = read_key(fields)
    if found:
        return found
    file = Path(text)
    if not file.is_file():
        words = f"{text!r} is no public key as base64 or hex, and no file either"
        raise click.BadParameter(words, param_hint="KEY")
    if kind_of_file(file) == "ClusterKey":
        return read_cluster_key(file).signer.public
    return read_cluster_public_key(file).key
