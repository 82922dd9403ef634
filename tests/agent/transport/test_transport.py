"""Real sockets: what is said arrives once, what is asked is answered once, all else is counted."""

import socket

import pytest
import trio

from agent.transport.inbound import Drop
from agent.transport.settings import StreamLimits
from agent.wire.header import Pool
from agent.wire.limits import WireLimits
from agent.wire.reasons import Reason
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import (
    DatagramReceived,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, short_id
from tests.agent.transport.processes import Process, until
from tests.discovery.trusted import EAST


async def test_datagrams_arrive_at_two_others_with_the_senders_name(
    nursery: trio.Nursery,
) -> None:
    one, two, three = Process("one"), Process("two"), Process("three")
    for process in (one, two, three):
        await process.start(nursery)
    for number in range(3):
        one.say(two, b"%d" % number)
        one.say(three, b"%d" % number)
    for process in (two, three):
        for number in range(3):
            assert await process.next() == (
                Pool.LAN,
                DatagramReceived(one.member, b"%d" % number),
            )
    two.say(one, b"back")
    assert await one.next() == (Pool.LAN, DatagramReceived(two.member, b"back"))
    assert one.refused == []


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0", "[::]:0"])
async def test_either_family_and_both_at_once_are_listened_on(
    nursery: trio.Nursery, listen: str
) -> None:
    one, two = Process("one", listen=Address(listen)), Process("two", listen=Address(listen))
    await one.start(nursery)
    await two.start(nursery)
    one.say(two, b"word")
    assert await two.next() == (Pool.LAN, DatagramReceived(one.member, b"word"))
    if listen == "[::]:0":
        port = two.address.rpartition(":")[2]
        one.say(two, b"by the other", at=Address(f"127.0.0.1:{port}"))
        one.ask(two, b"by the other", at=Address(f"127.0.0.1:{port}"))
        assert (await two.next())[1] == DatagramReceived(one.member, b"by the other")
        assert isinstance((await one.next())[1], ResponseReceived)


async def test_a_name_is_looked_up_once_and_holds_up_nothing(nursery: trio.Nursery) -> None:
    one, two = Process("one"), Process("two")
    await one.start(nursery)
    await two.start(nursery)
    port = two.address.rpartition(":")[2]
    one.say(two, b"by name", at=Address(f"localhost:{port}"))
    one.say(two, b"at once")
    assert {(await two.next())[1], (await two.next())[1]} == {
        DatagramReceived(one.member, b"by name"),
        DatagramReceived(one.member, b"at once"),
    }
    one.ask(two, b"by name", at=Address(f"localhost:{port}"))
    assert isinstance((await one.next())[1], ResponseReceived)


async def test_a_request_is_answered_however_long_it_is(nursery: trio.Nursery) -> None:
    one, two = Process("one"), Process("two")
    await one.start(nursery)
    await two.start(nursery)
    for number, size in enumerate((0, 1, 16_384, 16_385, 1 << 20)):
        data = bytes(size)
        one.ask(two, data, number=number)
        pool, fact = await two.next()
        assert isinstance(fact, RequestReceived)
        assert (pool, fact.sender, fact.data) == (Pool.LAN, one.member, data)
        assert await one.next() == (
            Pool.LAN,
            ResponseReceived(number, two.member, b"echo " + data),
        )
    assert two.transport.statistics().requests_answered == 5
    assert one.transport.statistics().requests == 5


async def test_a_seed_is_asked_by_its_address_alone(nursery: trio.Nursery) -> None:
    one, two = Process("one"), Process("two")
    await one.start(nursery)
    await two.start(nursery)
    one.transport.request(Pool.LAN, SendRequest(7, None, two.address, b"who?", SECOND))
    assert await one.next() == (Pool.LAN, ResponseReceived(7, two.member, b"echo who?"))


async def test_many_requests_at_once_have_one_outcome_each(nursery: trio.Nursery) -> None:
    one, two = Process("one"), Process("two")
    await one.start(nursery)
    await two.start(nursery)
    for number in range(60):
        one.ask(two, b"%d" % number, number=number)
    outcomes = [(await one.next())[1] for _ in range(60)]
    assert {each for each in outcomes if isinstance(each, ResponseReceived)} == {
        ResponseReceived(number, two.member, b"echo %d" % number) for number in range(60)
    }


async def test_a_request_to_nobody_to_another_or_in_no_pool_fails_once(
    nursery: trio.Nursery,
) -> None:
    one, two, three = Process("one"), Process("two", pools=(Pool.LAN,)), Process("three")
    for process in (one, two, three):
        await process.start(nursery)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Address(f"127.0.0.1:{taken.getsockname()[1]}")
        one.ask(two, b"", at=nobody, number=1)
        assert await one.next() == (Pool.LAN, RequestFailed(1))
    one.ask(two, b"", at=three.address, number=2)
    assert await one.next() == (Pool.LAN, RequestFailed(2))
    one.ask(two, b"", Pool.WAN, number=3)
    assert await one.next() == (Pool.WAN, RequestFailed(3))
    one.ask(two, b"", at=Address("no address"), number=4)
    assert await one.next() == (Pool.LAN, RequestFailed(4))
    two.ask(one, b"", Pool.WAN, number=5)
    assert await two.next() == (Pool.WAN, RequestFailed(5))
    assert three.transport.statistics().streams_refused == {Reason.NOT_OURS: 1}
    assert two.transport.statistics().streams_refused == {Reason.NO_POOL: 2}


async def test_a_request_that_is_not_answered_in_time_fails_once(nursery: trio.Nursery) -> None:
    one, two = Process("one"), Process("two")
    two.echoes = False
    await one.start(nursery)
    await two.start(nursery)
    one.ask(two, b"", timeout=300 * MILLISECOND)
    assert await one.next() == (Pool.LAN, RequestFailed(1))
    _, fact = await two.next()
    assert isinstance(fact, RequestReceived)
    statistics = two.transport.statistics
    two.transport.respond(Pool.WAN, SendResponse(fact.request, b"other pool"))
    assert statistics().drops == {Drop.LATE: 1}
    two.transport.respond(Pool.LAN, SendResponse(fact.request, b"late"))
    await until(lambda: statistics().streams_answering == 0)
    two.transport.respond(Pool.LAN, SendResponse(fact.request, b"later"))
    assert statistics().drops == {Drop.LATE: 2}


async def test_what_there_is_no_room_for_is_dropped_and_counted_by_its_kind(
    nursery: trio.Nursery,
) -> None:
    one, two = Process("one"), Process("two")
    await one.start(nursery)
    await two.start(nursery)
    two.has_room = False
    one.say(two, b"word")
    one.ask(two, b"question")
    assert await one.next() == (Pool.LAN, RequestFailed(1))
    await until(lambda: two.transport.statistics().drops == {Drop.DATAGRAM: 1, Drop.REQUEST: 1})


async def test_a_frame_that_is_too_long_is_refused_whole(nursery: trio.Nursery) -> None:
    limits = WireLimits(frame_bytes=1_000)
    one, two = Process("one"), Process("two", wire=limits)
    await one.start(nursery)
    await two.start(nursery)
    one.ask(two, bytes(1_001))
    assert await one.next() == (Pool.LAN, RequestFailed(1))
    assert two.transport.statistics().streams_refused == {Reason.OVERSIZED: 1}
    one.ask(two, bytes(1_000))
    assert isinstance((await one.next())[1], ResponseReceived)


async def test_a_balancer_that_gives_to_the_wrong_agent_costs_one_hop(
    nursery: trio.Nursery,
) -> None:
    far = Process("far", origin=EAST)
    bridge, light = Process("bridge"), Process("light", pools=(Pool.LAN,))
    for process in (far, bridge, light):
        await process.start(nursery)
    light.transport.know_cluster({short_id(bridge.member): bridge.address})
    bridge.transport.know_cluster({}, {light.address})
    far.say(bridge, b"word", Pool.WAN, at=light.address)
    assert await bridge.next() == (Pool.WAN, DatagramReceived(far.member, b"word"))
    far.ask(bridge, bytes(100_000), Pool.WAN, at=light.address)
    assert await far.next() == (
        Pool.WAN,
        ResponseReceived(1, bridge.member, b"echo " + bytes(100_000)),
    )
    far.transport.request(Pool.WAN, SendRequest(2, None, light.address, b"any", SECOND))
    assert await far.next() == (Pool.WAN, ResponseReceived(2, bridge.member, b"echo any"))
    assert light.transport.statistics().wire.forwarded == 3
    assert light.transport.statistics().streams_refused == {}
    await until(lambda: light.transport.statistics().streams_answering == 0)


async def test_a_stream_for_a_bridge_that_is_gone_is_refused(nursery: trio.Nursery) -> None:
    far = Process("far", origin=EAST)
    light = Process("light", pools=(Pool.LAN,))
    await far.start(nursery)
    await light.start(nursery)
    gone = Process("gone")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        where = Address(f"127.0.0.1:{taken.getsockname()[1]}")
        light.transport.know_cluster({short_id(gone.member): where})
        far.ask(gone, b"", Pool.WAN, at=light.address)
        assert await far.next() == (Pool.WAN, RequestFailed(1))
    assert light.transport.statistics().streams_refused == {Reason.NO_ANSWER: 1}


# --- others who mean no good --------------------------------------------------------------------


async def opened(process: Process) -> trio.SocketStream:
    host, _, port = process.address.rpartition(":")
    return await trio.open_tcp_stream(host, int(port))


async def test_a_flood_of_garbage_delivers_nothing_and_holds_up_no_word(
    nursery: trio.Nursery,
) -> None:
    one, two = Process("one"), Process("two")
    await one.start(nursery)
    await two.start(nursery)
    one.say(two, b"first")
    assert (await two.next())[1] == DatagramReceived(one.member, b"first")
    host, _, port = two.address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        for number in range(5_000):
            flood.sendto(number.to_bytes(4) * 40, (host, int(port)))
            if number % 1_000 == 0:
                one.say(two, b"%d" % number)
                assert (await two.next())[1] == DatagramReceived(one.member, b"%d" % number)
    await until(lambda: two.transport.statistics().received >= 5_000)
    wire = two.transport.statistics().wire
    assert wire.refused.keys() <= {Reason.VERSION, Reason.MALFORMED, Reason.NOT_OURS}
    assert wire.hosts <= 2
    assert wire.peers == {Pool.LAN: 1, Pool.WAN: 0}


async def test_a_stream_of_another_protocol_is_closed_at_once(nursery: trio.Nursery) -> None:
    one = Process("one")
    await one.start(nursery)
    async with await opened(one) as stream:
        await stream.send_all(b"GET / HTTP/1.1\r\n\r\n")
        with trio.fail_after(5):
            assert await stream.receive_some() == b""
    assert one.transport.statistics().streams_refused == {Reason.VERSION: 1}
    assert "no version spoken here" in one.refused[0].what


async def test_an_outcome_for_which_there_is_no_room_is_told_as_soon_as_there_is(
    nursery: trio.Nursery,
) -> None:
    one, two = Process("one"), Process("two")
    await one.start(nursery)
    await two.start(nursery)
    one.has_room = False
    one.ask(two, b"word")
    await until(lambda: one.transport.statistics().requests == 1)
    one.has_room = True
    assert await one.next() == (Pool.LAN, ResponseReceived(1, two.member, b"echo word"))
    assert one.transport.statistics().drops == {}


async def test_whether_somebody_is_there_is_told_once(nursery: trio.Nursery) -> None:
    one = Process("one")
    await one.start(nursery)
    told: list[bool | None] = []
    one.transport.connect(one.address, SECOND, told.append)
    assert told == []
    await until(lambda: told == [True])


async def test_what_is_sent_before_and_after_it_runs_is_dropped_and_counted() -> None:
    one, two = Process("one"), Process("two")
    one.address = two.address = Address("127.0.0.1:9")
    one.transport.open(Pool.LAN, one.credentials(Pool.LAN))
    one.say(two, b"word")
    one.ask(two, b"word")
    assert one.transport.statistics().drops == {Drop.UNSENDABLE: 1, Drop.OUTCOME: 1}


async def test_connections_beyond_what_may_be_tried_say_nothing(nursery: trio.Nursery) -> None:
    one = Process("one", streams=StreamLimits(tried=0))
    await one.start(nursery)
    told: list[bool | None] = []
    one.transport.connect(one.address, SECOND, told.append)
    await until(lambda: told == [None])
    assert one.transport.statistics().drops == {Drop.BUSY: 1}


async def test_a_renewed_certificate_is_shown_on_streams_and_a_member_can_be_forgotten(
    nursery: trio.Nursery,
) -> None:
    one, two = Process("one"), Process("two")
    await one.start(nursery)
    await two.start(nursery)
    one.say(two, b"word")
    await two.next()
    one.transport.forget(Pool.LAN, two.member)
    assert one.transport.statistics().wire.peers[Pool.LAN] == 0
    one.transport.renew(Pool.LAN, b"no certificate at all")
    one.ask(two, b"question")
    assert await one.next() == (Pool.LAN, RequestFailed(1))
    assert two.transport.statistics().streams_refused == {Reason.CERTIFICATE: 1}
