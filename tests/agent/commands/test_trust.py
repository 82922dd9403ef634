"""isthmus trust: what others apply, and whom this cluster believes."""

import json
from pathlib import Path

import pytest
import yaml

from agent.commands.keys import keys
from agent.commands.trust import trust
from agent.objects import TRUSTED_CLUSTER, TRUSTED_FLEET
from discovery.trust_objects import ClusterTrust, read_trust_object
from tests.agent.commands.stage import Stage, lines, stage

__all__ = ["stage"]

WEST = """\
apiVersion: isthmus.dev/v1alpha1
kind: TrustedCluster
metadata: {name: west}
spec:
  keys: [{generation: 1, key: %s}]
  import: {services: [shop/*]}
""" % ("ab" * 32)

FLEET = """\
---
apiVersion: isthmus.dev/v1alpha1
kind: TrustedFleet
metadata: {name: prod}
spec: {keys: [{key: %s}], clusters: [prod-*]}
""" % ("cd" * 32)


def test_what_is_exported_is_a_trust_object_with_the_rules_that_were_asked_for(
    stage: Stage,
) -> None:
    key = str(stage.folder / "cluster.key")
    result = stage.run(
        trust,
        *("export", "--key", key, "--services", "shop/*", "--services", "*/web"),
        *("--precedence", "5", "--policies"),
    )
    assert result.exit_code == 0, result.output
    read = read_trust_object(yaml.safe_load(result.stdout))
    assert isinstance(read, ClusterTrust)
    assert (read.cluster, [each.generation for each in read.keys]) == ("east", [1])
    assert read.rule.services == (("shop", "*"), ("*", "web"))
    assert (read.rule.precedence, read.rule.policies) == (5, True)


def test_a_staged_key_is_exported_too_and_earlier_ones_are_not(stage: Stage) -> None:
    key = str(stage.folder / "cluster.key")
    for options in ((), ("--activate",), ()):
        stage.run(keys, "rotate", key, *options)
    stage.settle("uid: u-1\n")
    found = yaml.safe_load(stage.run(trust, "export", "--config", "CONFIG").stdout)
    assert [each["generation"] for each in found["spec"]["keys"]] == [2, 3]
    assert found["spec"]["uid"] == "u-1"
    seed = yaml.safe_load((stage.folder / "cluster.key").read_text())["seed"]
    assert seed not in str(found)


def test_rules_that_exclude_each_other_are_refused(stage: Stage) -> None:
    key = str(stage.folder / "cluster.key")
    result = stage.run(trust, "export", "--key", key, "--services", "shop/*", "--relay-only")
    assert result.exit_code == 1
    assert "spec.import.relayOnly: must not stand beside services" in result.stderr
    assert stage.run(trust, "export").exit_code == 2


def test_objects_are_added_listed_shown_and_removed(stage: Stage) -> None:
    result = stage.run(trust, "add", "-", "--config", "CONFIG", stdin=WEST + FLEET)
    assert result.exit_code == 0, result.output
    assert lines(result.stderr) == [
        "done: trust TrustedCluster/west",
        "done: trust TrustedFleet/prod",
    ]
    result = stage.run(trust, "list", "--config", "CONFIG", "-o", "json")
    west, prod = json.loads(result.stdout)["items"]
    assert (west["clusters"], west["services"], west["faults"]) == (["west"], ["shop/*"], [])
    assert prod["clusters"] == ["prod-*"]
    table = lines(stage.run(trust, "list", "--config", "CONFIG").stdout)
    assert table[1].split() == ["TrustedCluster/west", "west", "1", "shop/*", "0", "no", "fine"]
    shown = yaml.safe_load(stage.run(trust, "show", "west", "--config", "CONFIG").stdout)
    assert shown["spec"]["keys"] == [{"generation": 1, "key": "ab" * 32}]
    assert stage.run(trust, "remove", "west", "--config", "CONFIG", "--dry-run").exit_code == 0
    assert len(stage.objects(TRUSTED_CLUSTER)) == 1
    assert stage.run(trust, "remove", "west", "--config", "CONFIG").exit_code == 0
    assert stage.objects(TRUSTED_CLUSTER) == []
    assert len(stage.objects(TRUSTED_FLEET)) == 1
    result = stage.run(trust, "show", "west", "--config", "CONFIG")
    assert (result.exit_code, "there is no trust object west" in result.stderr) == (1, True)


def test_two_objects_of_one_name_are_told_apart_by_their_kinds(stage: Stage) -> None:
    both = WEST + FLEET.replace("prod}", "west}")
    assert stage.run(trust, "add", "-", "--config", "CONFIG", stdin=both).exit_code == 0
    result = stage.run(trust, "remove", "west", "--config", "CONFIG")
    assert "say TrustedCluster/west" in result.stderr
    assert stage.run(trust, "remove", "TrustedFleet/west", "--config", "CONFIG").exit_code == 0
    assert [len(stage.objects(each)) for each in (TRUSTED_CLUSTER, TRUSTED_FLEET)] == [1, 0]


def test_a_dry_run_adds_nothing(stage: Stage) -> None:
    result = stage.run(trust, "add", "-", "--config", "CONFIG", "--dry-run", stdin=WEST)
    assert lines(result.stderr) == [
        "dry run, nothing was changed; would: trust TrustedCluster/west"
    ]
    assert stage.objects(TRUSTED_CLUSTER) == []


def test_all_faults_of_all_documents_are_told_with_their_lines(stage: Stage) -> None:
    file = stage.folder / "trust.yaml"
    bad = WEST.replace("shop/*", "shop").replace("generation: 1", "generation: -1")
    file.write_text(bad + FLEET.replace("clusters", "cluster"))
    result = stage.run(trust, "add", str(file), "--config", "CONFIG")
    assert result.exit_code == 1
    first, *faults = lines(result.stderr)
    assert first == "Error: nothing was changed:"
    starts = [
        f"{file}:5: TrustedCluster/west: spec.keys[0].generation: must be a whole number from 0",
        f"{file}:6: TrustedCluster/west: spec.import.services[0]: must be NAMESPACE/NAME",
        f"{file}:11: TrustedFleet/prod: spec.cluster: is not known; known are keys, clusters",
        f"{file}:11: TrustedFleet/prod: spec.clusters: must be a list of 1 to 64",
    ]
    assert len(faults) == len(starts)
    assert all(fault.startswith(start) for fault, start in zip(faults, starts, strict=True))
    assert stage.objects(TRUSTED_FLEET) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "<stdin>:2:1: did not find expected"),
        ("", "has no document"),
        (WEST.replace("name: west", "name: east"), "names this cluster, east"),
        (WEST.replace("metadata", "metadata: {}\nmetadata"), "is there twice"),
    ],
)
def test_what_cannot_be_added_says_why(stage: Stage, text: str, words: str) -> None:
    result = stage.run(trust, "add", "-", "--config", "CONFIG", stdin=text)
    assert result.exit_code == 1
    assert "nothing was changed" in result.stderr
    assert words in result.stderr


def test_nobody_is_trusted_at_first(stage: Stage) -> None:
    assert "nobody is trusted" in stage.run(trust, "list", "--config", "CONFIG").stdout
    assert Path(stage.config).exists()
