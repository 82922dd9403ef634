"""What a demonstration begins with is what its agents read without a fault."""

from pathlib import Path

from agent.demo import objects
from agent.demo.layout import lay_out, publish, settings_of, trust_of, write
from agent.demo.plan import Plan, plan
from agent.key_files import read_cluster_key
from agent.objects import at, list_at, text_at
from agent.process.entropy import secret
from agent.settings_file import read_settings
from agent.yaml_text import read_documents
from discovery.trust_objects import ClusterTrust, read_trust_object


def laid_out(folder: Path) -> Plan:
    planned = plan(folder)
    lay_out(planned, secret)
    return planned


def test_the_settings_of_every_agent_are_good(tmp_path: Path) -> None:
    planned = laid_out(tmp_path)
    for node in planned.nodes:
        settings = read_settings(node.config)
        assert (settings.config.cluster, settings.node) == (node.cluster, node.name)
        assert str(node.relay) == settings.config.advertise.wan
        assert not {str(node.relay)} & set(settings.config.seeds.wan)


def test_each_cluster_trusts_the_others_by_the_keys_that_they_have(tmp_path: Path) -> None:
    planned = laid_out(tmp_path)
    for cluster in planned.clusters:
        assert cluster.key.stat().st_mode & 0o777 == 0o600
        for other in planned.others(cluster.name):
            file = cluster.objects / f"trust-{other}.yaml"
            [(document, _)] = read_documents(file.read_text(), str(file))
            read = read_trust_object(document)
            own = read_cluster_key(planned.cluster(other).key)
            assert isinstance(read, ClusterTrust)
            assert read.cluster == other
            assert [each.key for each in read.keys] == [own.signer.public]


def test_only_who_exports_has_the_service(tmp_path: Path) -> None:
    planned = laid_out(tmp_path)
    has = [each.name for each in planned.clusters if (each.objects / "export.yaml").exists()]
    assert has == ["east", "west"]


def test_what_is_published_is_in_the_slice_and_in_the_endpoints(tmp_path: Path) -> None:
    planned = laid_out(tmp_path)
    east = planned.cluster("east")
    pods = [(node, pod) for node in east.nodes for pod in node.pods()]
    publish(east, pods[:1])
    file = east.objects / "endpoints.yaml"
    (found, _), (endpoints, _) = read_documents(file.read_text(), str(file))
    assert len(list_at(found, "endpoints")) == 1
    assert text_at(endpoints, "subsets", 0, "addresses", 0, "ip") == pods[0][1].host
    publish(east, [])
    (found, _), (endpoints, _) = read_documents(file.read_text(), str(file))
    assert list_at(found, "endpoints") == list_at(endpoints, "subsets") == []


def test_documents_are_written_whole_and_settings_are_documents(tmp_path: Path) -> None:
    planned = laid_out(tmp_path)
    node = next(planned.nodes)
    file = tmp_path / "made" / "two.yaml"
    write(file, settings_of(node, planned), objects.node(node))
    assert [text_at(each, "kind") for each, _ in read_documents(file.read_text(), "two")] == [
        "AgentConfig",
        "Node",
    ]
    trusted = trust_of(read_cluster_key(planned.cluster("west").key))
    assert at(trusted, "metadata", "name") == "west"
