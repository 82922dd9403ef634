"""A bridge that hears a node has time to say so before a majority takes the node out."""

from discovery.authority import Signer
from discovery.events import ItemReceived
from discovery.messages import Item
from discovery.names import Origin, PublicKey
from discovery.node_watch import OBJECTION, NodesDownChanged, NodeWatch
from discovery.overlays import OverlayBody, issue_overlay
from failure_detect.clock import NEVER, SECOND
from failure_detect.events import MemberDied, MemberJoined
from failure_detect.identity import Address, Identity, MemberId, NodeName
from tests.discovery.keyring import Keyring

KEYRING = Keyring()
EAST = Origin("east")
DEAD, OTHER = NodeName("n-dead"), NodeName("n-other")


def signer(number: int) -> Signer:
    return KEYRING.signer(f"bridge {number}")


def bridge(number: int, group: str = EAST) -> Identity:
    return Identity(
        member=MemberId(signer(number).public),
        node=NodeName(f"n-{number}"),
        start=1,
        address=Address(f"10.0.0.{number}:7946"),
        group=group,
    )


class Court:
    """A watch far away, and three bridges of one cluster that live."""

    def __init__(self, bridges: int = 3) -> None:
        self.watch = NodeWatch(bridge(99, "west"), signer(99), KEYRING)
        self._serials = 0
        for number in range(bridges):
            self.watch.on_member(MemberJoined(bridge(number), 1), 0)

    def says(
        self,
        number: int,
        now: int,
        *,
        down: tuple[str, ...] = (),
        heard: tuple[str, ...] = (),
        unheard: tuple[str, ...] = (),
    ) -> list[tuple[NodeName, ...]]:
        """Let a bridge say so; return what counts as down, each time it changed."""
        self._serials += 1
        body = OverlayBody(
            origin=EAST,
            bridge=MemberId(PublicKey(signer(number).public)),
            serial=self._serials,
            down=tuple(map(NodeName, down)),
            heard=tuple(map(NodeName, heard)),
            unheard=tuple(map(NodeName, unheard)),
        )
        overlay = issue_overlay(body, signer(number))
        item = Item(overlay.item_key, overlay.raw)
        teller = bridge(number).member
        return self.changes(self.watch.receive(ItemReceived(item, teller, is_news=True), now))

    def advance(self, now: int) -> list[tuple[NodeName, ...]]:
        return self.changes(self.watch.advance(now))

    def changes(self, effects: object) -> list[tuple[NodeName, ...]]:
        self.watch.check_invariants()
        assert isinstance(effects, list)
        return [each.nodes for each in effects if isinstance(each, NodesDownChanged)]


def test_what_all_bridges_say_holds_at_once() -> None:
    court = Court()
    assert court.says(0, 0, down=(DEAD,)) == []
    assert court.says(1, 10, down=(DEAD,)) == []
    assert court.says(2, 20, down=(DEAD,)) == [(DEAD,)]


def test_a_majority_waits_for_who_has_said_nothing_and_no_longer_than_that() -> None:
    court = Court()
    court.says(0, 0, down=(DEAD,))
    assert court.says(1, 10, down=(DEAD,)) == []
    assert court.watch.deadline == 10 + OBJECTION
    assert court.advance(10 + OBJECTION - 1) == []
    assert court.advance(10 + OBJECTION) == [(DEAD,)]
    assert court.watch.deadline > 10 + OBJECTION


def test_what_is_said_of_other_nodes_is_no_answer() -> None:
    court = Court()
    court.says(2, 0, down=(OTHER,))
    court.says(0, 0, down=(DEAD,))
    assert court.says(1, 10, down=(DEAD,)) == []


def test_who_does_not_hear_the_node_either_is_not_waited_for() -> None:
    court = Court()
    court.says(0, 0, down=(DEAD,))
    assert court.says(2, 5, unheard=(DEAD,)) == []
    assert court.says(1, 10, down=(DEAD,)) == [(DEAD,)]
    assert court.says(2, 15, heard=(DEAD,)) == [()]


def test_not_to_hear_a_node_is_no_vote_against_it() -> None:
    court = Court()
    court.says(1, 0, unheard=(DEAD,))
    court.says(2, 5, unheard=(DEAD,))
    assert court.says(0, 10, down=(DEAD,)) == []
    assert court.advance(10 + 2 * OBJECTION) == []


def test_who_objects_in_time_keeps_the_node() -> None:
    court = Court()
    court.says(0, 0, down=(DEAD,))
    court.says(1, 10, down=(DEAD,))
    assert court.says(2, OBJECTION, heard=(DEAD,)) == []
    assert court.advance(20 * SECOND) == []
    assert court.watch.nodes_down(EAST) == ()


def test_an_objection_that_is_withdrawn_is_an_answer_no_more() -> None:
    court = Court()
    court.says(0, 0, down=(DEAD,))
    court.says(1, 10, down=(DEAD,))
    court.says(2, 20, heard=(DEAD,))
    assert court.says(2, 5 * SECOND) == []
    assert court.advance(5 * SECOND + OBJECTION - 1) == []
    assert court.advance(5 * SECOND + OBJECTION) == [(DEAD,)]


def test_who_lives_on_a_node_that_is_down_is_waited_for_no_more() -> None:
    court = Court()
    gone = str(bridge(2).node)
    court.says(0, 0, down=(gone,))
    assert court.says(1, 10, down=(gone,)) == []
    assert court.advance(10 + OBJECTION) == [(NodeName(gone),)]
    court.says(0, 5 * SECOND, down=(gone, DEAD))
    both = (NodeName(gone), DEAD)
    assert court.says(1, 5 * SECOND, down=(gone, DEAD)) == [tuple(sorted(both))]


def test_who_lives_on_a_node_that_is_only_called_down_may_object_to_all() -> None:
    court = Court()
    where = str(bridge(2).node)
    court.says(0, 0, down=(where, DEAD))
    assert court.says(1, 10, down=(where, DEAD)) == []
    assert court.says(2, 20, heard=(where, DEAD)) == []
    assert court.advance(10 + OBJECTION) == []


def test_who_dies_is_waited_for_no_more() -> None:
    court = Court()
    court.says(0, 0, down=(DEAD,))
    court.says(1, 10, down=(DEAD,))
    died = MemberDied(bridge(2).member, 1, ())
    assert court.changes(court.watch.on_member(died, 20)) == [(DEAD,)]


def test_a_node_that_is_down_stays_so_when_another_bridge_comes() -> None:
    court = Court()
    for number in range(3):
        court.says(number, number, down=(DEAD,))
    assert court.changes(court.watch.on_member(MemberJoined(bridge(3), 1), 50)) == []
    assert court.watch.nodes_down(EAST) == (DEAD,)


def test_two_bridges_need_each_other_and_one_decides_alone() -> None:
    court = Court(2)
    assert court.says(0, 0, down=(DEAD,)) == []
    assert court.advance(10 * SECOND) == []
    assert court.says(1, 10 * SECOND, down=(DEAD,)) == [(DEAD,)]
    assert Court(1).says(0, 0, down=(DEAD,)) == [(DEAD,)]


def test_who_is_not_trusted_any_more_is_not_waited_for() -> None:
    court = Court()
    court.says(0, 0, down=(DEAD,))
    court.says(1, 10, down=(DEAD,))
    court.watch.forget(EAST)
    assert court.watch.deadline in (NEVER, 30 * SECOND)
    assert court.advance(10 + OBJECTION) == []
