"""Where others reach an agent: what the settings say, else the node's object, else this host."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.objects import Document
from agent.process.placing import PlaceError, host_address, place_of
from tests.agent.settings_files import settings_of

NODE: Document = {
    "metadata": {"name": "node-1"},
    "status": {
        "addresses": [{"type": "InternalIP", "address": "10.0.0.7"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10_250}},
    },
}
SIX: Document = {
    "metadata": {"name": "node-1"},
    "status": {
        "addresses": [{"type": "InternalIP", "address": "fd00::7"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10_250}},
    },
}


@pytest.mark.parametrize(
    ("more", "node", "own", "lan"),
    [
        ("advertise: {lan: '10.9.9.9:1'}\n", NODE, "10.1.1.1", "10.9.9.9:1"),
        ("listen: '10.2.2.2:7000'\n", NODE, "10.1.1.1", "10.2.2.2:7000"),
        ("", NODE, "10.1.1.1", "10.0.0.7:7979"),
        ("listen: '0.0.0.0:7000'\n", NODE, "10.1.1.1", "10.0.0.7:7000"),
        ("", SIX, "10.1.1.1", "[fd00::7]:7979"),
        ("", None, "10.1.1.1", "10.1.1.1:7979"),
        ("listen: '[::]:7000'\n", None, "fd00::1", "[fd00::1]:7000"),
    ],
)
def test_the_first_that_is_known_counts(
    tmp_path: Path, more: str, node: Document | None, own: str, lan: str
) -> None:
    place = place_of(settings_of(tmp_path, more), node, own)
    assert place.lan == lan
    assert place.wan == lan


def test_other_clusters_may_have_another_address(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "advertise: {wan: 'lb.example:31979'}\n")
    place = place_of(settings, NODE, "")
    assert (place.lan, place.wan) == ("10.0.0.7:7979", "lb.example:31979")
    assert (place.cluster, place.node, place.node_address) == ("east", "node-1", "10.0.0.7:10250")


def test_who_cannot_be_reached_is_told_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match=r"agent\.yaml: advertise\.lan: must be set"):
        place_of(settings_of(tmp_path), None, "")


def test_the_hosts_own_address_is_one_that_others_may_use() -> None:
    found = host_address()
    assert not found or not ip_address(found).is_loopback
