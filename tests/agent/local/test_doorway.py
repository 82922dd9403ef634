"""Who is let in: by an address or a name of this machine, to read and nothing else."""

import pytest
import trio
from starlette.types import Message, Receive, Scope, Send

from agent.local.doorway import REQUESTS_MAX, Doorway

Headers = list[tuple[bytes, bytes]]


async def inside(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"in"})


async def asked(door: Doorway, method: str, *hosts: str) -> tuple[int, bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    headers = [(b"host", host.encode()) for host in hosts]
    await door({"type": "http", "method": method, "headers": headers}, receive, send)
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:7980", "localhost", "LOCALHOST:7980", "[::1]:7980", "10.0.0.7", "node-1:1"]
)
async def test_addresses_and_names_of_this_machine_are_let_in(host: str) -> None:
    assert await asked(Doorway(inside, ["Node-1"]), "GET", host) == (200, b"in")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil:1"])
async def test_a_name_that_the_web_may_give_us_is_not_let_in(host: str) -> None:
    status, body = await asked(Doorway(inside), "GET", host)
    assert status == 421
    assert b"is no name of this machine" in body


async def test_two_hosts_are_none() -> None:
    assert (await asked(Doorway(inside), "GET", "localhost", "evil.example"))[0] == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "X" * 99])
async def test_nothing_can_be_changed_here(method: str) -> None:
    status, body = await asked(Doorway(inside), method, "localhost")
    assert status == 405
    assert b"only answers GET and HEAD" in body


async def test_only_so_many_are_answered_at_a_time() -> None:
    async def slow(_: Scope, __: Receive, ___: Send) -> None:
        await trio.sleep_forever()

    door = Doorway(slow)
    async with trio.open_nursery() as nursery:
        for _ in range(REQUESTS_MAX):
            nursery.start_soon(asked, door, "GET", "localhost")
        await trio.testing.wait_all_tasks_blocked()
        assert (await asked(door, "GET", "localhost"))[0] == 503
        nursery.cancel_scope.cancel()


async def test_what_is_no_request_is_passed_on() -> None:
    seen: list[str] = []

    async def lifespan(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(_: Message) -> None:
        raise AssertionError("nothing is to be said")

    await Doorway(lifespan)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]
