"""The local port over a real socket: what it answers, whom it lets in, and how it ends."""

import json
from pathlib import Path

import httpx2
import pytest
import trio

from agent.local.listening import Listen, ListenError, read_listen
from agent.local.server import GRACE_S
from tests.agent.local.ports import Core, open_port
from tests.agent.local.scenes import bridge_facts, light_facts, met


async def test_it_answers_with_the_address_that_it_got() -> None:
    async with open_port(Core(light_facts())) as port:
        assert port.address.startswith("127.0.0.1:")
        answer = await port.get("/healthz")
        assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_it_serves_at_a_unix_socket_of_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    async with open_port(Core(light_facts()), Listen(path=str(path))) as port:
        assert path.stat().st_mode & 0o777 == 0o600
        assert (await port.get("/v1/status")).json()["node"] == "node-1"


async def test_a_port_in_use_is_a_clear_error_before_anything_else() -> None:
    async with open_port(Core(light_facts())) as port:
        with pytest.RaisesGroup(
            pytest.RaisesExc(ListenError, match="another process has it"), flatten_subgroups=True
        ):
            async with open_port(Core(light_facts()), read_listen(port.address)):
                raise AssertionError("it was served twice")


async def test_it_stops_within_its_grace_with_a_watch_open() -> None:
    core = Core(bridge_facts(met()))
    query = {"path": "/v1/clusters"}
    with trio.fail_after(GRACE_S + 5):
        async with (
            open_port(core) as port,
            port.client() as client,
            client.stream("GET", "/v1/watch", params=query) as watch,
        ):
            lines = watch.aiter_lines()
            assert json.loads((await anext(lines)).removeprefix("data: "))["kind"]
            port.stopping.set()
            assert [line async for line in lines if line] == []
        async with client_of(port.address) as late:
            with pytest.raises(httpx2.ConnectError):
                await late.get("/healthz")


def client_of(address: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=f"http://{address}", trust_env=False)


async def test_it_ends_at_once_where_it_is_cancelled() -> None:
    with trio.fail_after(5):
        async with open_port(Core(light_facts())):
            pass


async def test_a_client_that_speaks_no_http_is_sent_away_and_others_are_answered() -> None:
    async with open_port(Core(light_facts())) as port:
        host, _, number = port.address.rpartition(":")
        async with await trio.open_tcp_stream(host, int(number)) as stream:
            await stream.send_all(b"\x00\x01\x02" * 20_000)
            received = b""
            with trio.fail_after(10):
                try:
                    while more := await stream.receive_some():
                        received += more
                except trio.BrokenResourceError:
                    pass
            assert received == b"" or b" 4" in received.split(b"\r\n")[0]
        assert (await port.get("/healthz")).status_code == 200
