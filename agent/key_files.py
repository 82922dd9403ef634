"""Key files: private keys of clusters and fleets, and what a fleet signs, as people keep them.

Each is one YAML document. Rule 1: a file with a private key may be read by its owner alone, who is
the user of this process or root; anything else is refused, with the command that mends it. Rule 2:
nothing of a seed is in any message, representation or file but its own. Rule 3: files are replaced
whole. Rule 4: a public key beside a private one must be its own: who edits one of them by hand is
told.

    apiVersion: isthmus.dev/v1alpha1
    kind: ClusterKey              # private
    cluster: east
    generation: 2                 # from 0; each rotation raises it
    seed: ...                     # 32 bytes as base64
    publicKey: ...                # its public key, for people
    previous: [{generation: 1, publicKey: ...}]   # still believed, of our own cluster's agents
    next: {generation: 3, publicKey: ...}         # staged: believed already, not signed with yet

    kind: FleetKey                # private, kept offline: name, seed, publicKey
    kind: ClusterPublicKey        # cluster, generation, publicKey
    kind: FleetCertificate        # certificate: base64
    kind: RevocationList          # list: base64
"""

import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.atomic_files import write_whole
from agent.objects import Document
from agent.yaml_text import YamlError, read_documents, to_yaml
from discovery.certificates import ClusterCertificate, decode_cluster_certificate
from discovery.names import Origin, PublicKey, is_label
from discovery.refusals import Refused
from discovery.revocations import RevocationList, decode_revocations
from discovery.signing import SEED_BYTES, SigningKey
from discovery.spec_fields import SpecFields, read_key
from discovery.trust_objects import GENERATION_MAX

API_VERSION = "isthmus.dev/v1alpha1"
PREVIOUS_MAX = 6
"""Public keys of earlier generations that a file keeps: with two more a trust object is full."""

PRIVATE_MODE, PUBLIC_MODE = 0o600, 0o644
_BYTES_MAX = 1 << 17
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_REMEDY = "make one by isthmus keys"


class KeyFileError(Exception):
    """A key file that is refused: its words name the file, the field and the remedy."""

    def __init__(self, file: Path, what: str) -> None:
        """Name the file, and what is wrong with it."""
        super().__init__(f"{file}: {what}")
        self.file = file
        self.what = what


@dataclass(frozen=True, slots=True)
class ClusterKey:
    """A cluster's private key, and the public ones that count beside it."""

    cluster: Origin
    generation: int
    signer: SigningKey
    previous: tuple[tuple[int, PublicKey], ...] = ()
    """Generation and public key of earlier ones, the latest first."""
    staged: tuple[int, PublicKey] | None = None
    """The next one, which waits until others know it."""

    @property
    def own_keys(self) -> Mapping[int, PublicKey]:
        """The public keys by which this cluster believes itself, by generation."""
        staged = [self.staged] if self.staged else []
        return dict([*self.previous, (self.generation, self.signer.public), *staged])


@dataclass(frozen=True, slots=True)
class ClusterPublicKey:
    """What a fleet, or another cluster, has to know of a cluster's key."""

    cluster: Origin
    generation: int
    key: PublicKey


@dataclass(frozen=True, slots=True)
class FleetKey:
    """A fleet's private key."""

    name: str
    signer: SigningKey


# --- reading ----------------------------------------------------------------------------


def read_cluster_key(file: Path) -> ClusterKey:
    """Return a cluster's private key. Raises `KeyFileError`."""
    fields = _private(file, "ClusterKey")
    fields.only(
        *("apiVersion", "kind", "cluster", "generation", "seed", "publicKey", "previous", "next")
    )
    cluster, generation, signer = _cluster(fields), _generation(fields), _signer(fields)
    previous = tuple(_public(each) for each in fields.parts("previous", least=0, most=PREVIOUS_MAX))
    staged = _public(fields.part("next")) if fields.has("next") else None
    if any(each >= generation for each, _ in previous):
        fields.fault("previous", f"must have generations below {generation}")
    if staged is not None and staged[0] <= generation:
        fields.fault("next.generation", f"must be above {generation}")
    _check(file, fields)
    return ClusterKey(cluster, generation, signer, previous, staged)


def read_fleet_key(file: Path) -> FleetKey:
    """Return a fleet's private key. Raises `KeyFileError`."""
    fields = _private(file, "FleetKey")
    fields.only("apiVersion", "kind", "name", "seed", "publicKey")
    name, signer = fields.text("name"), _signer(fields)
    fields.want("name", is_label(name) or not name, "must be an RFC 1123 label")
    _check(file, fields)
    return FleetKey(name, signer)


def read_cluster_public_key(file: Path) -> ClusterPublicKey:
    """Return a cluster's public key, of a file that has it alone. Raises `KeyFileError`."""
    fields = _fields(file, _text(file, is_private=False), "ClusterPublicKey")
    fields.only("apiVersion", "kind", "cluster", "generation", "publicKey")
    cluster, (generation, key) = _cluster(fields), _public(fields)
    _check(file, fields)
    return ClusterPublicKey(cluster, generation, key)


def read_fleet_certificate(file: Path) -> ClusterCertificate:
    """Return a fleet's certificate of a cluster's key, unverified. Raises `KeyFileError`."""
    try:
        return decode_cluster_certificate(_octets(file, "FleetCertificate", "certificate"))
    except Refused as refused:
        raise KeyFileError(file, refused.what) from refused


def read_revocations(file: Path) -> RevocationList:
    """Return a fleet's list of revoked keys, unverified. Raises `KeyFileError`."""
    try:
        return decode_revocations(_octets(file, "RevocationList", "list"))
    except Refused as refused:
        raise KeyFileError(file, refused.what) from refused


def _octets(file: Path, kind: str, name: str) -> bytes:
    fields = _fields(file, _text(file, is_private=False), kind)
    fields.only("apiVersion", "kind", name)
    octets = _from_base64(fields.value(name))
    fields.want(name, octets, "must be base64")
    _check(file, fields)
    return octets


def _private(file: Path, kind: str) -> SpecFields:
    return _fields(file, _text(file, is_private=True), kind)


def _text(file: Path, *, is_private: bool) -> str:
    try:
        with file.open("rb") as opened:
            if is_private:
                _check_private(file, os.fstat(opened.fileno()))
            data = opened.read(_BYTES_MAX + 1)
        if len(data) > _BYTES_MAX:
            raise KeyFileError(file, f"has more than {_BYTES_MAX} bytes: is it a key file?")
        return data.decode()
    except OSError as error:
        raise KeyFileError(file, f"cannot be read: {error.strerror}; {_REMEDY}") from error
    except UnicodeError:
        # Nothing of the content may be shown, not even by the error that was caught.
        raise KeyFileError(file, f"is no UTF-8 text; {_REMEDY}") from None


def _check_private(file: Path, found: os.stat_result) -> None:
    if stat.S_IMODE(found.st_mode) & _OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        what = f"others may read or write it (mode {mode:04o}), and it has a private key"
        raise KeyFileError(file, f"{what}; run: chmod 600 {file}")
    if found.st_uid not in (os.geteuid(), 0):
        what = f"belongs to the user {found.st_uid}, and this process runs as {os.geteuid()}"
        raise KeyFileError(file, f"{what}; run: chown {os.geteuid()} {file}")


def _fields(file: Path, text: str, kind: str) -> SpecFields:
    try:
        documents = read_documents(text, str(file))
    except YamlError as error:
        # The parser's words may quote what it read; the place is enough to find it.
        line, column = error.place
        raise KeyFileError(file, f"line {line}, column {column}: is no YAML") from None
    if len(documents) != 1:
        raise KeyFileError(file, f"has {len(documents)} documents, must have one; {_REMEDY}")
    document, _ = documents[0]
    found = document.get("kind")
    if document.get("apiVersion") != API_VERSION or found != kind:
        known = found if isinstance(found, str) and found.isalnum() else "something else"
        what = f"must be {API_VERSION}, kind {kind}, and is {known[:40]}"
        raise KeyFileError(file, f"{what}; {_REMEDY}")
    return SpecFields(document)


def _check(file: Path, fields: SpecFields) -> None:
    if fields.faults:
        raise KeyFileError(file, "; ".join(map(str, fields.faults)))


def _cluster(fields: SpecFields) -> Origin:
    cluster = fields.text("cluster")
    fields.want("cluster", is_label(cluster) or not cluster, "must be an RFC 1123 label")
    return Origin(cluster)


def _generation(fields: SpecFields) -> int:
    return fields.integer("generation", least=0, most=GENERATION_MAX)


def _public(fields: SpecFields) -> tuple[int, PublicKey]:
    given = SpecFields({"key": fields.value("publicKey")})
    key = read_key(given)
    fields.want("publicKey", key, "must be the 32 bytes of a public key as base64 or hex")
    return _generation(fields), key


def _signer(fields: SpecFields) -> SigningKey:
    seed = _from_base64(fields.value("seed"))
    if len(seed) != SEED_BYTES:
        fields.fault("seed", f"must be {SEED_BYTES} bytes as base64")
        return SigningKey.from_seed(bytes(SEED_BYTES))
    signer = SigningKey.from_seed(seed)
    if fields.has("publicKey") and fields.value("publicKey") != shown_key(signer.public):
        fields.fault("publicKey", "is not that of the seed: restore the file, or remove this field")
    return signer


def _from_base64(value: object) -> bytes:
    try:
        return b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        return b""


# --- writing ----------------------------------------------------------------------------


def shown_key(key: PublicKey) -> str:
    """Return a public key as base64, as files and trust objects have it."""
    return b64encode(key).decode()


def write_cluster_key(file: Path, key: ClusterKey, seed: bytes) -> None:
    """Write a cluster's private key, whose seed this is; raise `KeyFileError` where it cannot."""
    assert SigningKey.from_seed(seed).public == key.signer.public
    document = _head("ClusterKey") | {
        "cluster": key.cluster,
        "generation": key.generation,
        "seed": b64encode(seed).decode(),
        "publicKey": shown_key(key.signer.public),
    }
    if key.previous:
        document["previous"] = [_shown_public(each) for each in key.previous]
    if key.staged:
        document["next"] = _shown_public(key.staged)
    comment = (
        f"# The private key of the cluster {key.cluster}: who has it speaks for the cluster.\n"
    )
    _write(file, comment, document, PRIVATE_MODE)


def kind_of_file(file: Path) -> str:
    """Return the kind of a key file, empty where it has none. Raises `KeyFileError`."""
    try:
        ((document, _),) = read_documents(_text(file, is_private=False), str(file))
    except ValueError:  # No YAML, or not one document; its words may quote a seed.
        return ""
    kind = document.get("kind")
    return kind if isinstance(kind, str) else ""


def seed_of(file: Path) -> bytes:
    """Return the seed of a file with a private key, to write it again. Raises `KeyFileError`."""
    ((document, _),) = read_documents(_text(file, is_private=True), str(file))
    return _from_base64(document.get("seed"))


def write_fleet_key(file: Path, name: str, seed: bytes) -> FleetKey:
    """Write a fleet's private key; return it. Raises `KeyFileError`."""
    key = FleetKey(name, SigningKey.from_seed(seed))
    document = _head("FleetKey") | {
        "name": name,
        "seed": b64encode(seed).decode(),
        "publicKey": shown_key(key.signer.public),
    }
    comment = f"# The private key of the fleet {name}: keep it offline.\n"
    _write(file, comment, document, PRIVATE_MODE)
    return key


def public_document(key: ClusterPublicKey) -> Document:
    """Return what a file with a cluster's public key has."""
    public = _shown_public((key.generation, key.key))
    return _head("ClusterPublicKey") | {"cluster": key.cluster} | public


def certificate_document(certificate: ClusterCertificate) -> Document:
    """Return what a file with a fleet's certificate has."""
    octets = b64encode(certificate.raw).decode()
    return _head("FleetCertificate") | {"certificate": octets}


def revocations_document(listed: RevocationList) -> Document:
    """Return what a file with a fleet's revocations has."""
    return _head("RevocationList") | {"list": b64encode(listed.raw).decode()}


def write_document(file: Path, document: Document, comment: str = "") -> None:
    """Write a file that has no secret; raise `KeyFileError` where it cannot be."""
    _write(file, comment, document, PUBLIC_MODE)


def _head(kind: str) -> dict[str, object]:
    return {"apiVersion": API_VERSION, "kind": kind}


def _shown_public(public: tuple[int, PublicKey]) -> dict[str, object]:
    generation, key = public
    return {"generation": generation, "publicKey": shown_key(key)}


def _write(file: Path, comment: str, document: Document, mode: int) -> None:
    try:
        write_whole(file, [comment.encode(), to_yaml(document).encode()], mode=mode)
    except OSError as error:
        raise KeyFileError(file, f"cannot be written: {error.strerror}") from error
