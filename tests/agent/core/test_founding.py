"""The machines of an agent are made from its charter, and believe whom it says and nobody else."""

from random import Random

import pytest

from agent.core.founding import Seat, found_bridge, found_lan, lan_authority, new_book
from agent.mirror import Mirror
from discovery.names import Origin
from failure_detect.validation import ConfigError
from tests.agent.core.townscape import Town


def started() -> Town:
    town = Town()
    town.start("east-1", "east-2", "west-1")
    return town


def test_a_new_book_believes_the_own_cluster_and_nobody_else() -> None:
    town = started()
    charter = town.process("east-1").charter
    book = new_book(charter, charter.keys)
    sister, stranger = town.process("east-2").credentials, town.process("west-1").credentials
    found = book.identify(sister.lan)
    assert found is not None
    assert (found.node, found.group) == ("east-2", "east")
    assert book.identify(stranger.lan) is None


def test_only_agents_of_the_own_cluster_are_let_into_its_pool() -> None:
    town = started()
    charter = town.process("east-1").charter
    authority = lan_authority(charter, new_book(charter, charter.keys))
    assert authority.identify(town.process("east-2").credentials.lan) is not None
    assert authority.identify(town.process("west-1").credentials.lan) is None
    assert sum(authority.refusals.counts().values()) == 1


def test_a_member_of_the_own_pool_is_who_its_certificate_says() -> None:
    charter = started().process("east-1").charter
    authority = lan_authority(charter, new_book(charter, charter.keys))
    member = found_lan(charter, authority, charter.certificates.lan, 0, Random(1))
    [own] = member.detector.members()
    assert (own.identity.node, own.incarnation) == ("east-1", 1)
    with pytest.raises(ConfigError):
        found_lan(charter, authority, b"?", 0, Random(1))


def test_a_bridge_is_told_of_nobody_and_is_the_wan_address_of_its_agent() -> None:
    town = started()
    charter = town.process("east-1").charter
    assert charter.certificates.wan is not None
    seat = Seat(charter.keys, charter.certificates.wan, 0)
    head = found_bridge(charter, seat, Mirror(), 0, Random(1))
    [own] = head.wan.detector.members()
    assert own.identity.address == str(town.sites["east-1"].node.relay)
    assert head.bridge.own == Origin("east")
    assert not head.bridge.trust.knows(Origin("west"))
    assert head.bridge.publisher is not None
    assert not head.lease.holds(0)
    assert not head.sources.is_complete


def test_one_that_had_left_the_pool_of_all_clusters_comes_back_above_that() -> None:
    charter = started().process("east-1").charter
    assert charter.certificates.wan is not None
    seat = Seat(charter.keys, charter.certificates.wan, 7)
    head = found_bridge(charter, seat, Mirror(), 0, Random(1))
    [own] = head.wan.detector.members()
    assert own.incarnation > 7


def test_a_certificate_that_is_not_to_be_believed_makes_no_bridge() -> None:
    charter = started().process("east-1").charter
    with pytest.raises(ConfigError):
        found_bridge(charter, Seat(charter.keys, b"?", 0), Mirror(), 0, Random(1))
