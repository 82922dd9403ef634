"""isthmus keys: make, show and rotate, so that nobody misses a word of the cluster."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from agent.commands.keys import keys
from agent.key_files import read_cluster_key


def run(*arguments: object) -> Result:
    return CliRunner().invoke(keys, [str(each) for each in arguments])


def made(folder: Path) -> Path:
    file = folder / "cluster.key"
    assert run("make", file, "--cluster", "east").exit_code == 0
    return file


def test_a_key_is_made_and_shown_without_its_secret(tmp_path: Path) -> None:
    result = run("make", tmp_path / "k", "--cluster", "east", "-o", "json")
    assert result.exit_code == 0
    shown = json.loads(result.stdout)
    key = read_cluster_key(tmp_path / "k")
    assert shown["keys"] == [{"generation": 1, "publicKey": shown["publicKey"], "use": "signs"}]
    assert (shown["cluster"], key.generation) == ("east", 1)
    seed = yaml.safe_load((tmp_path / "k").read_text())["seed"]
    assert seed not in result.output
    for output in ("table", "json", "yaml"):
        assert seed not in run("show", tmp_path / "k", "-o", output).output


def test_no_two_keys_are_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for file in (first, second):
        run("make", file, "--cluster", "east", "--generation", "7")
    assert read_cluster_key(first).signer.public != read_cluster_key(second).signer.public
    assert read_cluster_key(first).generation == 7


def test_a_dry_run_makes_nothing(tmp_path: Path) -> None:
    result = run("make", tmp_path / "k", "--cluster", "east", "--dry-run")
    assert "dry run, nothing was changed; would: make the key of east" in result.stderr
    assert not list(tmp_path.iterdir())


def test_no_key_is_ever_overwritten(tmp_path: Path) -> None:
    file = made(tmp_path)
    before = file.read_bytes()
    result = run("make", file, "--cluster", "east")
    assert result.exit_code == 1
    assert "is there already; nothing was changed" in result.stderr
    assert file.read_bytes() == before


@pytest.mark.parametrize("cluster", ["East", "a.b", ""])
def test_a_name_that_is_none_is_refused(tmp_path: Path, cluster: str) -> None:
    result = run("make", tmp_path / "k", "--cluster", cluster)
    assert result.exit_code == 2
    assert "is no RFC 1123 label" in result.stderr


def test_a_rotation_is_staged_told_and_then_activated(tmp_path: Path) -> None:
    file = made(tmp_path)
    first = read_cluster_key(file)
    result = run("rotate", file)
    assert result.exit_code == 0, result.output
    staged = read_cluster_key(file)
    assert (staged.generation, staged.signer.public) == (1, first.signer.public)
    assert set(staged.own_keys) == {1, 2}
    assert run("rotate", file).exit_code == 1
    assert "is staged already" in run("rotate", file).stderr
    result = run("rotate", file, "--activate", "-o", "json")
    assert [each["use"] for each in json.loads(result.stdout)["keys"]] == ["signs", "earlier"]
    second = read_cluster_key(file)
    assert (second.generation, second.signer.public) == (2, staged.own_keys[2])
    assert second.own_keys == staged.own_keys
    assert [each.name for each in tmp_path.iterdir()] == ["cluster.key"]


def test_what_was_never_staged_cannot_be_activated(tmp_path: Path) -> None:
    result = run("rotate", made(tmp_path), "--activate")
    assert result.exit_code == 1
    assert "nothing is staged" in result.stderr


def test_a_stolen_key_is_rotated_at_once(tmp_path: Path) -> None:
    file = made(tmp_path)
    assert run("rotate", file, "--at-once").exit_code == 0
    assert read_cluster_key(file).generation == 2
    assert run("rotate", file, "--at-once", "--activate").exit_code == 2


def test_dry_runs_of_a_rotation_change_nothing(tmp_path: Path) -> None:
    file = made(tmp_path)
    before = file.read_bytes()
    for options in ((), ("--at-once",)):
        result = run("rotate", file, "--dry-run", *options)
        assert result.exit_code == 0
        assert "would: stage generation 2" in result.stderr
    run("rotate", file)
    staged = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert run("rotate", file, "--activate", "--dry-run").exit_code == 0
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == staged
    assert staged["cluster.key"] != before


def test_a_staged_key_that_was_exchanged_is_refused(tmp_path: Path) -> None:
    file = made(tmp_path)
    run("rotate", file)
    (tmp_path / "cluster.key.next").unlink()
    assert "cannot be read" in run("rotate", file, "--activate").stderr
    run("make", tmp_path / "cluster.key.next", "--cluster", "east", "--generation", "2")
    result = run("rotate", file, "--activate")
    assert "is not the key that" in result.stderr
    assert read_cluster_key(file).generation == 1


def test_many_rotations_keep_a_trust_object_within_its_bounds(tmp_path: Path) -> None:
    file = made(tmp_path)
    for _ in range(10):
        assert run("rotate", file, "--at-once").exit_code == 0
    assert sorted(read_cluster_key(file).own_keys) == list(range(5, 12))


def test_a_key_with_wrong_permissions_is_refused_with_the_remedy(tmp_path: Path) -> None:
    file = made(tmp_path)
    file.chmod(0o644)
    for command in (("show", file), ("rotate", file)):
        result = run(*command)
        assert result.exit_code == 1
        assert f"run: chmod 600 {file}" in result.stderr


def test_what_is_no_key_file_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("kind: Pod\n")
    result = run("show", tmp_path / "x")
    assert result.exit_code == 1
    assert "is no key file; known are ClusterKey" in result.stderr
