"""Bad objects in the store of real agents: each is told by its name, and nothing else suffers.

Each test writes something wrong beside a service that is well, sees it told (in the status, in the
log, in the metrics, in the condition of its object), sees a change of the other service reach the
other cluster meanwhile, and mends it. What the other cluster knew it never loses.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.demo import layout
from agent.objects import Document, list_at, text_at
from tests.agent.town import (
    Town,
    condition,
    document_of,
    endpoint_slice,
    fault_about,
    isthmus,
    service,
    service_export,
    town,
    until,
)

pytestmark = pytest.mark.timeout(300)

NETWORK = 110
STANDS, MOVES = range(3), 3
"""Where the service `stands` has its pods, which never change; and where `moves` has its first."""


class Pair:
    """Two clusters that serve each other, and what is looked at in every test."""

    def __init__(self, there: Town) -> None:
        self.town = there
        self.east, self.west = there.plan.clusters
        self.agent = self.east.nodes[0]
        self._moved = 0
        for node in there.plan.nodes:
            there.start(node)
        there.export(self.east, "stands", STANDS)
        self.move()

    def move(self) -> None:
        """Let a service that is well change, and see the other cluster follow."""
        self._moved += 1
        spots = {MOVES + self._moved % 3, MOVES + (self._moved + 1) % 3}
        self.town.export(self.east, "moves", sorted(spots))
        known = spots | set(STANDS)
        until(lambda: self.seen() - set(range(6, 40)) == known, f"west has {known}")

    def seen(self) -> set[int]:
        """Return what the mesh of `west` sends requests to; it never loses what stands."""
        found = self.town.spots(self.west, self.east)
        assert self._moved == 1 or found >= set(STANDS)
        return found

    def told(self, where: str) -> str:
        """Return the words of the status about a place, once there are any."""
        return until(lambda: fault_about(self.status(), where), f"a fault about {where}")

    def untold(self, where: str) -> None:
        """See that nothing is said of a place any more, there and in the log."""
        until(lambda: not fault_about(self.status(), where), f"no fault about {where}")
        until(lambda: self.logged("fault_mended", where), f"{where} is logged as mended")

    def status(self) -> Document:
        """Return what the agent of `east` says of itself."""
        return self.town.ask(self.agent, "/v1/status")

    def logged(self, event: str, where: str) -> list[Document]:
        """Return the lines of its log about a place."""
        found = self.town.logged(self.agent, event)
        return [each for each in found if where in text_at(each, "where")]

    def counted(self, reason: str) -> float:
        """Return how many faults of a kind its metrics count."""
        return self.town.metrics(self.agent).get(f'isthmus_store_faults{{reason="{reason}"}}', 0)

    def exported(self, name: str, kind: str) -> Document:
        """Return a condition of a ServiceExport of `east`."""
        folder = self.east.objects / "status" / "ServiceExport.multicluster.x-k8s.io"
        return condition(document_of(folder / f"shop.{name}.yaml"), kind)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("objects")
    with town(folder, ("east", "west"), nodes=1, network=NETWORK) as there:
        yield Pair(there)


def test_broken_yaml_names_file_and_line_and_keeps_what_the_file_had(pair: Pair) -> None:
    pair.town.export(pair.east, "broken", [10])
    until(lambda: 10 in pair.seen(), "west has it")
    file = pair.east.objects / "broken" / "endpoints.yaml"
    good = file.read_text()
    file.write_text(good.replace("addressType: IPv4", "addressType: [IPv4"))
    words = pair.told(f"{file}:")
    assert f"{file}:" in words
    assert "mend it; what the file had before is kept" in words
    assert until(lambda: pair.counted("syntax"), "the metric counts it") == 1
    [line] = until(lambda: pair.logged("fault_found", str(file)), "it is logged")
    assert line["level"] == "warning"
    assert "mend it" in text_at(line, "remedy")
    pair.move()
    assert 10 in pair.seen(), "what it had before is served on"
    file.write_text(good)
    pair.untold(str(file))
    assert pair.counted("syntax") == 0


@pytest.mark.parametrize(
    ("kind", "version", "words"),
    [
        ("ServiceExport", "multicluster.x-k8s.io/v9", "write one of: v1beta1, v1alpha1"),
        ("EndpointSlice", "discovery.k8s.io/v9", "write one of: v1"),
    ],
)
def test_an_object_of_an_unknown_version_names_those_that_are_known(
    pair: Pair, kind: str, version: str, words: str
) -> None:
    file = pair.east.objects / "unknown.yaml"
    metadata = {"name": "x", "namespace": "shop"}
    layout.write(file, {"apiVersion": version, "kind": kind, "metadata": metadata})
    found = pair.told(str(file))
    assert f"{file}:1: apiVersion; {kind}" in found
    assert "is not served as 'v9'" in found
    assert words in found
    until(lambda: pair.counted("not_served") == 1, "the metric counts it")
    pair.move()
    file.unlink()
    pair.untold(str(file))


def test_of_two_files_with_one_object_the_first_counts_and_the_second_is_named(
    pair: Pair,
) -> None:
    other = service("stands", pair.east) | {"spec": {"ports": [{"name": "http", "port": 1}]}}
    file = pair.east.objects / "stands" / "zz-again.yaml"
    layout.write(file, other)
    found = pair.told(str(file))
    assert f"{file}:4: metadata.name; Service shop/stands stands in stands/service.yaml" in found
    assert "keep one of the two; the first file by name counts" in found
    until(lambda: pair.counted("duplicate_object") == 1, "the metric counts it")
    pair.move()
    file.unlink()
    pair.untold(str(file))


def test_a_service_that_loses_its_ports_is_exported_as_it_was(pair: Pair) -> None:
    pair.town.export(pair.east, "portless", [11])
    until(lambda: 11 in pair.seen(), "west has it")
    until(lambda: pair.exported("portless", "Ready").get("status") == "True", "it is exported")
    file = pair.east.objects / "portless" / "service.yaml"
    layout.write(file, service("portless", pair.east) | {"spec": {"selector": {"app": "x"}}})
    found = pair.told("Service shop/portless")
    assert "Service shop/portless: spec.ports; no port can be read" in found
    assert "give it one with a number from 1 to 65535" in found
    until(lambda: pair.exported("portless", "Valid").get("status") == "False", "its condition")
    valid, ready = (pair.exported("portless", each) for each in ("Valid", "Ready"))
    assert valid["reason"] == "NoPorts"
    assert "spec.ports" in text_at(valid, "message")
    assert (ready["status"], ready["message"]) == (
        "True",
        "the last good state is exported, see Valid",
    )
    assert pair.counted("NoPorts") == 1
    pair.move()
    assert 11 in pair.seen(), "the last good state is served"
    layout.write(file, service("portless", pair.east))
    pair.untold("Service shop/portless")
    until(lambda: pair.exported("portless", "Valid").get("status") == "True", "it is valid again")


def test_an_export_of_what_does_not_exist_waits_for_it(pair: Pair) -> None:
    layout.write(pair.east.objects / "early" / "export.yaml", service_export("early"))
    found = pair.told("ServiceExport shop/early")
    assert "metadata.name; Service shop/early does not exist" in found
    assert "create the Service, or delete the ServiceExport" in found
    until(lambda: pair.exported("early", "Valid").get("reason") == "NoService", "its condition")
    assert pair.exported("early", "Valid")["status"] == "False"
    assert pair.exported("early", "Ready")["reason"] == "Failed"
    assert pair.counted("NoService") == 1
    pair.move()
    pair.town.export(pair.east, "early", [12])
    until(lambda: 12 in pair.seen(), "it is exported once it is there")
    pair.untold("ServiceExport shop/early")
    until(lambda: pair.exported("early", "Ready").get("reason") == "Exported", "its condition")


@pytest.mark.parametrize("address", ["127.0.0.300", "224.0.0.1"])
def test_an_endpoint_address_that_is_none_is_left_out_and_named(pair: Pair, address: str) -> None:
    node = pair.east.nodes[0]
    pods = [(node, pair.town.place(pair.east, each)) for each in (13, 14)]
    pair.town.export(pair.east, "addressed", [13, 14])
    until(lambda: {13, 14} <= pair.seen(), "west has it")
    bad = endpoint_slice("addressed", pair.east, pods)
    first, second = list_at(bad, "endpoints")
    assert isinstance(second, dict)
    bad["endpoints"] = [first, second | {"addresses": [address]}]
    file = pair.east.objects / "addressed" / "endpoints.yaml"
    layout.write(file, bad)
    found = pair.told("EndpointSlice shop/addressed-east")
    assert "endpoints[1].addresses[0]" in found
    assert repr(address) in found
    assert "; write the address of a pod" in found
    until(lambda: 14 not in pair.seen(), "it is taken out")
    assert 13 in pair.seen(), "the other one is served"
    until(
        lambda: "endpoints[1]" in text_at(pair.exported("addressed", "Valid"), "message"),
        "its condition says what is left out",
    )
    assert pair.exported("addressed", "Valid")["status"] == "True"
    assert pair.counted("InvalidAddress") == 1
    pair.move()
    layout.write(file, endpoint_slice("addressed", pair.east, pods))
    pair.untold("EndpointSlice shop/addressed-east")
    until(lambda: 14 in pair.seen(), "it is served again")


def test_people_and_programs_are_told_by_the_commands(pair: Pair) -> None:
    file = pair.east.objects / "tab.yaml"
    file.write_text("kind: Service\n\tmetadata: {}\n")
    pair.told(str(file))
    config = pair.agent.config
    code, shown, _ = isthmus("status", "--config", config)
    assert code == 0, "the agent itself is ready"
    assert f"{file}:2" in " ".join(shown.split())
    assert "indent with spaces" in shown
    code, shown, _ = isthmus("doctor", "--config", config, "--output", "json")
    assert code == 1, "something failed"
    items = list_at(json.loads(shown), "items")
    [item] = [each for each in items if str(file) in text_at(each, "where")]
    assert (text_at(item, "result"), text_at(item, "check")) == ("fail", "store-fault")
    assert text_at(item, "remedy") == "indent with spaces"
    file.unlink()
    pair.untold(str(file))


def test_a_trust_object_with_a_fault_is_refused_whole_and_the_last_one_holds(pair: Pair) -> None:
    file = pair.west.objects / "trust-east.yaml"
    good = file.read_text()
    file.write_text(good.replace("generation: 1", "generation: one"))
    agent = pair.west.nodes[0]

    def told() -> str:
        alarms = list_at(pair.town.ask(agent, "/v1/alarms"), "items")
        found = (text_at(each, "message") for each in alarms if text_at(each, "name") == "trust")
        return next(found, "")

    assert "spec.keys[0].generation" in until(told, "the alarm names the field")
    folder = pair.west.objects / "status" / "TrustedCluster.isthmus.dev"

    def accepted() -> Document:
        return condition(document_of(folder / "east.yaml"), "Accepted")

    until(lambda: accepted().get("status") == "False", "its condition")
    assert "spec.keys[0].generation" in text_at(accepted(), "message")
    pair.move()
    file.write_text(good)
    until(lambda: not told(), "no alarm any more")
    until(lambda: accepted().get("status") == "True", "its condition")


def test_the_log_of_all_this_has_a_line_for_each_and_no_crash(pair: Pair, tmp_path: Path) -> None:
    for node in pair.town.plan.nodes:
        assert pair.town.agents[node.name].poll() is None
        text = node.log.read_text()
        assert "Traceback" not in text
        assert all(json.loads(line)["event"] for line in text.splitlines())
