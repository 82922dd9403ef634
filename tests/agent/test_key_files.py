"""Key files: what is in them, who may read them, and what is said of bad ones."""

import os
from base64 import b64encode
from pathlib import Path

import pytest

from agent.key_files import (
    PREVIOUS_MAX,
    ClusterKey,
    ClusterPublicKey,
    KeyFileError,
    certificate_document,
    public_document,
    read_cluster_key,
    read_cluster_public_key,
    read_fleet_certificate,
    read_fleet_key,
    read_revocations,
    revocations_document,
    seed_of,
    shown_key,
    write_cluster_key,
    write_document,
    write_fleet_key,
)
from discovery.certificates import ClusterBody, issue_cluster_certificate
from discovery.names import Origin
from discovery.revocations import issue_revocations
from discovery.signing import SigningKey
from tests.agent.key_rings import FLEET_SEED, NEXT_SEED, OWN_SEED, cluster_key, key_file

OWN, NEXT, FLEET = (SigningKey.from_seed(seed) for seed in (OWN_SEED, NEXT_SEED, FLEET_SEED))
SEED = b64encode(OWN_SEED).decode()


def test_a_cluster_key_reads_back_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    key = ClusterKey(Origin("east"), 2, OWN, previous=((1, FLEET.public),), staged=(3, NEXT.public))
    file = tmp_path / "key"
    write_cluster_key(file, key, OWN_SEED)
    read = read_cluster_key(file)
    assert (read.cluster, read.generation, read.signer.public) == ("east", 2, OWN.public)
    assert read.own_keys == {1: FLEET.public, 2: OWN.public, 3: NEXT.public}
    assert file.stat().st_mode & 0o777 == 0o600
    assert seed_of(file) == OWN_SEED


def test_no_secret_is_shown(tmp_path: Path) -> None:
    read = read_cluster_key(key_file(tmp_path))
    assert SEED not in repr(read)
    assert OWN_SEED.hex() not in repr(read)


def test_a_fleet_key_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "fleet.key"
    written = write_fleet_key(file, "prod", FLEET_SEED)
    assert read_fleet_key(file).signer.public == written.signer.public == FLEET.public
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_public_reads_back_and_may_be_read_by_all(tmp_path: Path) -> None:
    file = tmp_path / "x"
    public = ClusterPublicKey(Origin("east"), 4, OWN.public)
    write_document(file, public_document(public), "# east\n")
    assert read_cluster_public_key(file) == public
    assert file.stat().st_mode & 0o777 == 0o644
    body = ClusterBody(cluster=Origin("east"), key=OWN.public, generation=4, fleet=FLEET.public)
    certificate = issue_cluster_certificate(body, FLEET)
    write_document(file, certificate_document(certificate))
    assert read_fleet_certificate(file) == certificate
    listed = issue_revocations(3, [NEXT.public], FLEET)
    write_document(file, revocations_document(listed))
    assert read_revocations(file) == listed


def refusal(file: Path) -> str:
    with pytest.raises(KeyFileError) as caught:
        read_cluster_key(file)
    words = str(caught.value)
    assert words.startswith(f"{file}: ")
    assert SEED not in words
    return words.removeprefix(f"{file}: ")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666, 0o610])
def test_a_key_that_others_can_touch_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, mode: int
) -> None:
    file = key_file(tmp_path)
    file.chmod(mode)
    assert refusal(file) == (
        f"others may read or write it (mode {mode:04o}), and it has a private key; "
        f"run: chmod 600 {file}"
    )
    file.chmod(0o400)
    assert read_cluster_key(file).generation == 1


def test_a_key_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    file = key_file(tmp_path)
    os.chown(file, 12345, 12345)
    assert refusal(file) == (
        f"belongs to the user 12345, and this process runs as 0; run: chown 0 {file}"
    )


@pytest.mark.parametrize(
    ("was", "becomes", "fault"),
    [
        ("generation: 1", "generation: -1", "generation: must be a whole number from 0 to"),
        ("cluster: east", "cluster: East", "cluster: must be an RFC 1123 label"),
        ("cluster: east", "name: east", "name: is not known; known are apiVersion"),
        (f"seed: {SEED}", "seed: AAAA", "seed: must be 32 bytes as base64"),
        (f"seed: {SEED}", f"seed: {SEED}!", "seed: must be 32 bytes as base64"),
        (f"seed: {SEED}", f"seed: {b64encode(NEXT_SEED).decode()}", "publicKey: is not that of"),
        (f"seed: {SEED}", f"seed: {SEED}\nseed: {SEED}", "line 7, column 1: is no YAML"),
        (f"seed: {SEED}", f"seed: [{SEED}", "line 7, column 10: is no YAML"),
        ("kind: ClusterKey", "kind: FleetKey", "must be isthmus.dev/v1alpha1, kind ClusterKey"),
        ("v1alpha1", "v2", "must be isthmus.dev/v1alpha1, kind ClusterKey, and is ClusterKey"),
        ("cluster: east", "---", "has 2 documents, must have one"),
        ("cluster: east", "cluster: east\nnext: {generation: 1}", "next.publicKey: must be the 32"),
        ("cluster: east", "cluster: east\nnext: {generation: 1}", "next.generation: must be above"),
        (
            "cluster: east",
            f"cluster: east\nprevious: [{{generation: 1, publicKey: {shown_key(NEXT.public)}}}]",
            "previous: must have generations below 1",
        ),
    ],
)
def test_what_is_wrong_with_a_field_is_told(
    tmp_path: Path, was: str, becomes: str, fault: str
) -> None:
    file = key_file(tmp_path)
    text = file.read_text()
    assert was in text
    file.write_text(text.replace(was, becomes, 1))
    assert fault in refusal(file)


def test_what_is_no_key_file_at_all_is_told(tmp_path: Path) -> None:
    assert "No such file or directory; make one by isthmus keys" in refusal(tmp_path / "none")
    assert "Is a directory" in refusal(tmp_path)
    file = tmp_path / "x"
    for content, fault in (
        (b"\xff", "is no UTF-8 text"),
        (b"#" * (1 << 18), "bytes: is it a key file?"),
        (b"", "has 0 documents"),
        (b"kind: [1]\n", "and is something else"),
    ):
        file.write_bytes(content)
        file.chmod(0o600)
        assert fault in refusal(file)


def test_a_certificate_and_a_list_that_are_none_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "x"
    head = {"apiVersion": "isthmus.dev/v1alpha1"}
    write_document(file, head | {"kind": "FleetCertificate", "certificate": "AAAA"})
    with pytest.raises(KeyFileError, match="cluster certificate: "):
        read_fleet_certificate(file)
    write_document(file, head | {"kind": "RevocationList", "list": "AAAA"})
    with pytest.raises(KeyFileError, match="revocations: "):
        read_revocations(file)
    write_document(file, head | {"kind": "RevocationList", "list": "?"})
    with pytest.raises(KeyFileError, match="list: must be base64"):
        read_revocations(file)


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be written: No such file"):
        write_cluster_key(tmp_path / "no" / "key", cluster_key(), OWN_SEED)


def test_a_file_keeps_no_more_keys_than_a_trust_object_takes() -> None:
    assert PREVIOUS_MAX + 2 == 8
