"""What the demonstration's clusters hold is known to the program, and fits together."""

from pathlib import Path

from agent.demo import objects
from agent.demo.plan import plan
from agent.objects import MESH_CONFIG, at, kind_of, list_at, text_at

EAST = plan(Path("demo")).cluster("east")


def test_every_object_is_of_a_kind_that_is_known() -> None:
    node = EAST.nodes[0]
    pods = [(node, pod) for pod in node.pods()]
    documents = [
        *objects.namespaces("uid"),
        objects.node(node),
        objects.service(80),
        objects.service_export(),
        objects.endpoint_slice(EAST, pods),
        objects.endpoints(pods),
        objects.pod(*pods[0]),
        *objects.mesh(),
    ]
    assert all(kind_of(each) for each in documents)
    assert all(text_at(each, "metadata", "name") for each in documents)


def test_a_slice_names_its_pods_and_their_nodes() -> None:
    pods = [(node, pod) for node in EAST.nodes for pod in node.pods()]
    found = objects.endpoint_slice(EAST, pods)
    addresses = [at(each, "addresses", 0) for each in list_at(found, "endpoints")]
    assert addresses == [pod.host for _, pod in pods]
    assert {text_at(each, "nodeName") for each in list_at(found, "endpoints")} == {
        "east-1",
        "east-2",
    }
    assert at(objects.endpoint_slice(EAST, []), "ports") == []


def test_a_definition_serves_every_version_that_is_read() -> None:
    found = objects.definition(MESH_CONFIG)
    versions = [text_at(each, "name") for each in list_at(found, "spec", "versions")]
    assert versions == list(MESH_CONFIG.versions)
    assert [at(each, "storage") for each in list_at(found, "spec", "versions")] == [True, False]
