"""Where an agent is, and what is said when it is not there or does not know."""

from functools import partial
from pathlib import Path

import click
import pytest
import trio

from agent.commands.asking import (
    DEFAULT_ADDRESS,
    Address,
    Agent,
    AnsweredError,
    NotReachableError,
    agent_at,
    configured_address,
    read_address,
)
from agent.local.listening import Listen
from tests.agent.commands.running import isthmus, running
from tests.agent.local.ports import Core
from tests.agent.local.scenes import bridge_facts, light_facts, met


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:80", Address("http://127.0.0.1:80")),
        ("http://node-1:80/", Address("http://node-1:80")),
        (":7980", Address("http://127.0.0.1:7980")),
        ("0.0.0.0:7980", Address("http://127.0.0.1:7980")),
        ("[::]:7980", Address("http://[::1]:7980")),
        ("unix:/run/x.sock", Address("http://localhost", "/run/x.sock")),
    ],
)
def test_an_address_is_read_in_each_of_its_forms(text: str, address: Address) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize(
    "text", ["node", "node:x", "node:0", "node:99999", "a/b:80", "https://a:1"]
)
def test_what_is_no_address_is_a_usage_error(text: str) -> None:
    result = isthmus("status", "--address", text)
    assert result.exit_code == 2
    assert "address of the agent:" in result.output
    assert repr(text) in result.output


def test_the_settings_of_the_agent_say_where_it_answers(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text("cluster: east\nhttp: 127.0.0.1:4711\n")
    assert configured_address(config) == "127.0.0.1:4711"
    config.write_text("http: unix:run/agent.sock\n")
    assert configured_address(config) == f"unix:{tmp_path}/run/agent.sock"
    config.write_text("cluster: east\n")
    assert configured_address(config) == DEFAULT_ADDRESS


def test_settings_that_cannot_be_read_are_a_usage_error(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text("a: [")
    result = isthmus("status", "--config", str(config))
    assert result.exit_code == 2
    assert f"--config {config}: while parsing" in result.output


def test_an_address_goes_before_the_settings(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text("http: 127.0.0.1:1\n")
    assert agent_at(":2", config) == Agent(Address("http://127.0.0.1:2"))
    assert agent_at(None, config) == Agent(Address("http://127.0.0.1:1"))
    assert agent_at(None, None) == Agent(Address(f"http://{DEFAULT_ADDRESS}"))
    with pytest.raises(click.UsageError, match="is not HOST:PORT"):
        agent_at("x", None)


def test_who_does_not_answer_is_not_reachable_and_no_proxy_is_asked() -> None:
    result = isthmus("status", address="127.0.0.1:1", http_proxy="http://127.0.0.1:2")
    assert result.exit_code == 3
    assert "the agent at http://127.0.0.1:1 does not answer" in result.output
    assert "Is it running?" in result.output


def test_a_document_is_returned_and_what_is_none_is_not_asked() -> None:
    with running(Core(bridge_facts(met()))) as address:
        agent = agent_at(address, None)
        assert agent.ask("/v1/services", namespace=None, limit=1)["continue"] == "shop/api"


def test_an_answer_that_is_none_has_its_reason_and_remedy() -> None:
    with running(Core(light_facts())) as address:
        agent = agent_at(address, None)
        with pytest.raises(AnsweredError, match="node-0 does not answer\nlook at") as answered:
            agent.ask("/v1/clusters")
        assert answered.value.reason == "NoBridge"
        assert answered.value.exit_code == 1
        with pytest.raises(AnsweredError):
            next(iter(agent.watch("/v1/clusters")))


def test_a_watch_gives_the_document_and_ends_with_the_agent(tmp_path: Path) -> None:
    listen = Listen(path=str(tmp_path / "agent.sock"))
    with running(Core(light_facts()), listen) as address:
        documents = agent_at(address, None).watch("/v1/members", pool="lan")
        assert next(documents)["kind"] == "MemberList"
    with pytest.raises(NotReachableError):
        next(documents)


def test_who_is_no_agent_is_noticed() -> None:
    async def answer(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        body = b"<html>a router</html>"
        await stream.send_all(
            b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 21\r\n\r\n" + body
        )
        await stream.aclose()

    async def asking() -> None:
        async with trio.open_nursery() as nursery:
            [listener] = await nursery.start(partial(trio.serve_tcp, answer, 0, host="127.0.0.1"))
            port: int = listener.socket.getsockname()[1]
            agent = agent_at(f"127.0.0.1:{port}", None)
            with pytest.raises(AnsweredError, match="is this an Isthmus agent"):
                await trio.to_thread.run_sync(agent.ask, "/v1/status")
            nursery.cancel_scope.cancel()

    trio.run(asking)
