"""isthmus keys fleet, and revoke: what the fleet signs is what agents and others believe."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.commands.keys import keys
from agent.credentials import read_key_ring
from agent.key_files import read_revocations
from discovery.names import Origin
from discovery.signing import NaclVerifier
from tests.agent.key_rings import key_file


def run(*arguments: object) -> Result:
    return CliRunner().invoke(keys, [str(each) for each in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert run("fleet", "make", tmp_path / "fleet.key", "--name", "prod").exit_code == 0
    printed = run("show", key_file(tmp_path), "-o", "yaml").stdout
    (tmp_path / "east.pub").write_text(printed)
    return tmp_path


def certify(folder: Path, *more: object) -> Result:
    files = ("--fleet-key", folder / "fleet.key", "--out", folder / "east.cert")
    return run("fleet", "certify", folder / "east.pub", *files, *more)


def test_a_certified_key_fits_its_cluster(folder: Path) -> None:
    result = certify(folder, "--days", 365, "--network", "n1", "--uid", "u-1", "-o", "json")
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert (shown["cluster"], shown["signed"], shown["network"]) == ("east", True, "n1")
    ring = read_key_ring(Origin("east"), folder / "cluster.key", folder / "east.cert")
    assert ring.certificate is not None
    assert ring.certificate.body.uid == "u-1"
    assert ring.certificate.body.not_after_ms > 1_800_000_000_000 - 365 * 86_400_000
    assert run("show", folder / "east.cert", "-o", "json").stdout == result.stdout


def test_a_dry_run_certifies_nothing(folder: Path) -> None:
    assert certify(folder, "--dry-run").exit_code == 0
    assert not (folder / "east.cert").exists()
    result = run("fleet", "make", folder / "other", "--name", "prod", "--dry-run")
    assert "would: make the key of the fleet prod" in result.stderr
    assert not (folder / "other").exists()


def test_a_private_key_is_not_what_a_fleet_wants(folder: Path) -> None:
    files = ("--fleet-key", folder / "fleet.key", "--out", folder / "east.cert")
    result = run("fleet", "certify", folder / "cluster.key", *files)
    assert result.exit_code == 1
    assert "kind ClusterPublicKey, and is ClusterKey" in result.stderr


def test_what_everybody_would_refuse_is_not_signed(folder: Path) -> None:
    result = certify(folder, "--network", "no network")
    assert result.exit_code == 1
    assert "nothing was changed: cluster certificate.w: must be the name of a network" in (
        result.stderr
    )


def test_a_list_grows_and_its_number_rises(folder: Path) -> None:
    files = ("--fleet-key", folder / "fleet.key", "--list", folder / "revoked.yaml")
    assert run("revoke", folder / "east.pub", *files, "--dry-run").exit_code == 0
    assert not (folder / "revoked.yaml").exists()
    assert run("revoke", folder / "east.pub", *files).exit_code == 0
    result = run("revoke", "ab" * 32, folder / "cluster.key", *files, "-o", "json")
    assert len(json.loads(result.stdout)["keys"]) == 2
    listed = read_revocations(folder / "revoked.yaml")
    assert (listed.number, len(listed.keys)) == (2, 2)
    assert listed.is_signed(NaclVerifier())


def test_what_is_no_key_cannot_be_revoked(folder: Path) -> None:
    files = ("--fleet-key", folder / "fleet.key", "--list", folder / "revoked.yaml")
    result = run("revoke", "nonsense", *files)
    assert result.exit_code == 2
    assert "is no public key as base64 or hex, and no file either" in result.stderr


def test_the_list_of_another_fleet_is_left_alone(folder: Path) -> None:
    files = ("--fleet-key", folder / "fleet.key", "--list", folder / "revoked.yaml")
    run("revoke", folder / "east.pub", *files)
    run("fleet", "make", folder / "second.key", "--name", "test")
    files = ("--fleet-key", folder / "second.key", "--list", folder / "revoked.yaml")
    result = run("revoke", folder / "east.pub", *files)
    assert result.exit_code == 1
    assert "is the list of another fleet's key" in result.stderr


def test_names_and_files_are_checked(folder: Path) -> None:
    assert run("fleet", "make", folder / "x", "--name", "No").exit_code == 2
    assert run("fleet", "make", folder / "fleet.key", "--name", "prod").exit_code == 1
