"""How commands show what is public of key files, and how they say what is wrong with one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.commands.changing import ChangeRefusedError
from agent.commands.showing import Column, Document, Sheet, Sheets, show

if TYPE_CHECKING:
    from agent.key_files import ClusterKey, ClusterPublicKey, FleetKey
    from discovery.certificates import ClusterCertificate
    from discovery.revocations import RevocationList

NEW_FILE = click.Path(dir_okay=False, path_type=Path)
OLD_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@contextmanager
def file_faults_said() -> Iterator[None]:
    """End the command with the words of what is wrong with a key file, or of what it would hold."""
    from agent.key_files import KeyFileError

    try:
        yield
    except KeyFileError as error:
        raise ChangeRefusedError(str(error)) from error


def check_absent(file: Path) -> None:
    """Raise where a file is there: no key is ever overwritten by a new one."""
    if file.exists():
        words = f"{file} is there already; nothing was changed: name another, or move it away"
        raise ChangeRefusedError(words)


def shown_file(file: Path) -> Document:
    """Return what is public of a key file of any kind, by its name for people."""
    from agent import key_files

    readers: Mapping[str, Callable[[], Document]] = {
        "ClusterKey": lambda: shown_cluster(key_files.read_cluster_key(file)),
        "ClusterPublicKey": lambda: shown_public(key_files.read_cluster_public_key(file)),
        "FleetKey": lambda: shown_fleet(key_files.read_fleet_key(file)),
        "FleetCertificate": lambda: shown_certificate(key_files.read_fleet_certificate(file)),
        "RevocationList": lambda: shown_revocations(key_files.read_revocations(file)),
    }
    with file_faults_said():
        kind = key_files.kind_of_file(file)
        if kind not in readers:
            raise key_files.KeyFileError(file, "is no key file; known are " + ", ".join(readers))
        return readers[kind]()


def shown_cluster(key: "ClusterKey") -> Document:
    """Return what is public of a cluster's key: the document that a fleet certifies, and more."""
    from agent.key_files import ClusterPublicKey

    public = ClusterPublicKey(key.cluster, key.generation, key.signer.public)
    rows = [
        {"generation": generation, "publicKey": _base64(octets), "use": _use(key, generation)}
        for generation, octets in sorted(key.own_keys.items(), reverse=True)
    ]
    return dict(shown_public(public)) | {"keys": rows}


def _use(key: "ClusterKey", generation: int) -> str:
    if generation == key.generation:
        return "signs"
    return "staged" if generation > key.generation else "earlier"


def shown_public(key: "ClusterPublicKey") -> Document:
    """Return a cluster's public key as its file has it."""
    from agent.key_files import public_document

    return public_document(key)


def shown_fleet(key: "FleetKey") -> Document:
    """Return what is public of a fleet's key."""
    return {"kind": "FleetPublicKey", "name": key.name, "publicKey": _base64(key.signer.public)}


def shown_certificate(certificate: "ClusterCertificate") -> Document:
    """Return what a fleet's certificate says."""
    from discovery.signing import NaclVerifier
    from discovery.wall_time import shown_time

    body = certificate.body
    return {
        "kind": "FleetCertificate",
        "cluster": body.cluster,
        "generation": body.generation,
        "publicKey": _base64(body.key),
        "fleet": _base64(body.fleet),
        "uid": body.uid,
        "network": body.network,
        "notAfter": shown_time(body.not_after_ms) if body.not_after_ms else None,
        "signed": certificate.is_signed(NaclVerifier()),
    }


def shown_revocations(listed: "RevocationList") -> Document:
    """Return what a list of revoked keys says."""
    from discovery.signing import NaclVerifier
    from discovery.wall_time import shown_time

    return {
        "kind": "RevocationList",
        "fleet": _base64(listed.fleet),
        "number": listed.number,
        "signedAt": shown_time(listed.signed_at_ms) if listed.signed_at_ms else None,
        "signed": listed.is_signed(NaclVerifier()),
        "keys": [{"publicKey": _base64(each)} for each in listed.keys],
    }


def _base64(octets: bytes) -> str:
    from base64 import b64encode

    return b64encode(octets).decode()


def show_key(document: Document, output: str) -> None:
    """Print what is public of a key file as it is wanted.

    As YAML a cluster's key is the file of its public key alone, which can be handed on.
    """
    if output == "yaml" and document.get("kind") == "ClusterPublicKey":
        document = {name: value for name, value in document.items() if name != "keys"}
    show(document, output, _sheets)


def _sheets(document: Document) -> Sheets:
    fields = [
        {"field": name, "value": value}
        for name, value in document.items()
        if not isinstance(value, list) and name != "apiVersion"
    ]
    sheets = [Sheet((_column("field"), _column("value")), tuple(fields))]
    rows = document.get("keys")
    if isinstance(rows, list):
        names = list(rows[0]) if rows else []
        empty = "no key is revoked"
        sheets.append(Sheet(tuple(map(_column, names)), tuple(rows), title="keys", empty=empty))
    return sheets


def _column(name: str) -> Column:
    return Column(name, lambda row: "" if row.get(name) is None else str(row[name]))
