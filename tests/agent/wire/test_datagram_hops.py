"""What a load balancer gives to the wrong agent is passed on once, and by our own alone."""

from agent.wire.effects import Delivered, Forward, Transmit
from agent.wire.handshake import HELLO_BYTES
from agent.wire.header import Pool, hopped
from agent.wire.reasons import Reason
from failure_detect.clock import SECOND
from failure_detect.identity import short_id
from tests.agent.wire.ends import End, Line
from tests.agent.wire.pairs import STRANGER
from tests.discovery.trusted import EAST


def cluster_behind_balancer() -> tuple[Line, End, End, End]:
    """A bridge of east; a bridge of home; an agent of home to which its balancer gives all."""
    far = End("far", origin=EAST)
    bridge, light = End("bridge"), End("light", pools=(Pool.LAN,))
    light.sessions.know_cluster({short_id(bridge.member): bridge.address})
    bridge.sessions.know_cluster({}, {light.address})
    return Line(far, bridge, light), far, bridge, light


def test_a_balancer_that_gives_to_the_wrong_agent_costs_one_hop_and_no_word() -> None:
    line, far, bridge, light = cluster_behind_balancer()
    line.take(far, far.sessions.send(Pool.WAN, bridge.member, light.address, b"through", line.now))
    line.settle()
    assert bridge.delivered == [Delivered(Pool.WAN, far.member, b"through")]
    assert light.sessions.statistics().forwarded == 3
    assert not any(end.refused for end in (far, bridge, light))
    sizes = [len(sent.data) for sent in line.seen]
    assert sizes[0] == sizes[1] == HELLO_BYTES


def test_there_is_no_second_hop_and_none_for_lan() -> None:
    line, far, bridge, light = cluster_behind_balancer()
    line.take(far, far.sessions.send(Pool.WAN, bridge.member, light.address, b"1", line.now))
    hello = line.queue.popleft().data
    line.inject(light, hopped(hello), far.address)
    line.inject(light, hello[:1] + b"\0" + hello[2:], far.address)
    line.inject(light, hello[:2] + b"none" + hello[6:], far.address)
    assert light.reasons == [Reason.HOPPED, Reason.NOT_OURS, Reason.NOT_OURS]


def test_only_our_own_cluster_may_say_where_something_came_from() -> None:
    line, far, bridge, light = cluster_behind_balancer()
    line.take(far, far.sessions.send(Pool.WAN, bridge.member, light.address, b"1", line.now))
    line.step()
    passed_on = line.queue.popleft()
    line.inject(bridge, passed_on.data, STRANGER)
    line.inject(bridge, passed_on.data[:1] + b"\1" + passed_on.data[2:], STRANGER)
    assert bridge.reasons == [Reason.HOP_SOURCE, Reason.MALFORMED]
    assert line.inject(bridge, passed_on.data, light.address)[0] == Transmit(
        far.address, line.queue[0].data
    )


def test_hops_are_within_the_budget_for_strangers() -> None:
    line, far, bridge, light = cluster_behind_balancer()
    line.take(far, far.sessions.send(Pool.WAN, bridge.member, light.address, b"1", line.now))
    hello = line.queue.popleft().data
    made = [line.inject(light, hello, far.address)[0] for _ in range(3_000)]
    assert sum(isinstance(effect, Forward) for effect in made) == 2_000
    assert light.reasons == [Reason.BUDGET] * 1_000


def test_a_session_behind_a_balancer_that_was_lost_is_found_again_by_silence() -> None:
    line, far, bridge, light = cluster_behind_balancer()

    def say(word: bytes) -> None:
        effects = far.sessions.send(Pool.WAN, bridge.member, light.address, word, line.now)
        line.take(far, effects)
        line.run(SECOND)

    say(b"first")
    bridge.sessions.forget(Pool.WAN, far.member)
    for _ in range(6):
        say(b"word")
    assert bridge.said[0] == b"first"
    assert bridge.said[-1] == b"word"
