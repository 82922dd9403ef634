"""Links have a direction, and a file about them is read whole or not at all."""

import pytest

from agent.demo.links import WELL, Condition, Link, Links, LinksError, read_links

CLUSTERS = frozenset({"east", "west", "south"})


def test_a_cut_has_a_direction() -> None:
    links = Links()
    links.cut("west", "east")
    assert links.condition("west", "east").is_cut
    assert links.condition("east", "west") == WELL
    links.heal()
    assert links.condition("west", "east") == WELL


def test_a_cluster_is_cut_off_from_all_others_both_ways() -> None:
    links = Links()
    links.cut_off("west", ["east", "south"])
    cut = {(each.source, each.target) for each in links.conditions}
    assert cut == {("west", "east"), ("east", "west"), ("west", "south"), ("south", "west")}


def test_a_file_says_how_each_link_is() -> None:
    document = {
        "links": [
            {"from": "west", "to": "east", "cut": True},
            {"from": "east", "to": "west", "delay": 80, "loss": 5},
        ]
    }
    assert read_links(document, CLUSTERS) == {
        Link("west", "east"): Condition(is_cut=True),
        Link("east", "west"): Condition(delay_ms=80, loss_percent=5),
    }
    assert read_links({}, CLUSTERS) == {}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("west", r"links\[0\]: must be a mapping"),
        ({"from": "north", "to": "east"}, r"links\[0\]\.from: must be one of east, south, west"),
        ({"from": "west"}, r"links\[0\]\.to"),
        ({"from": "west", "to": "east", "speed": 1}, r"links\[0\]\.speed: no such field"),
        ({"from": "west", "to": "east", "loss": 101}, r"links\[0\]\.loss: must be a whole number"),
        ({"from": "west", "to": "east", "delay": "1s"}, r"links\[0\]\.delay"),
    ],
)
def test_what_cannot_be_is_named(entry: object, words: str) -> None:
    with pytest.raises(LinksError, match=words):
        read_links({"links": [entry]}, CLUSTERS)
