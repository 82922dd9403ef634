"""The processes of a demonstration are started, asked, and gone when they are to be."""

from pathlib import Path

import httpx2
import pytest
import trio

from agent.demo.fleet import Fleet, mesh_text
from agent.demo.plan import Ports, plan


async def test_a_node_answers_until_it_is_killed(tmp_path: Path) -> None:
    planned = plan(tmp_path, ("east",), nodes=1, network=121)
    async with httpx2.AsyncClient() as client:
        fleet = Fleet(planned, client)
        [node] = planned.nodes
        try:
            await fleet.start_node(node)
            stream = await trio.open_tcp_stream(node.kubelet.host, node.kubelet.port)
            await stream.aclose()
            with pytest.raises(RuntimeError, match="east-1: cannot listen"):
                await fleet.start_node(node)
            await fleet.kill_node(node)
            with pytest.raises(OSError, match="failed"):
                await trio.open_tcp_stream(node.kubelet.host, node.kubelet.port)
        finally:
            await fleet.stop()
    assert fleet.nodes == {}


async def test_who_is_not_there_answers_nothing(tmp_path: Path) -> None:
    planned = plan(tmp_path, ("east",), nodes=1, ports=Ports(http=1), network=121)
    async with httpx2.AsyncClient() as client:
        fleet = Fleet(planned, client)
        [node] = planned.nodes
        assert await fleet.ask(node, "/v1/status") == {}
        assert await fleet.ask_cluster("east", "/v1/status") == {}
        assert await fleet.verdict("east", "west") == ""
        fleet.kill_all()
        await fleet.stop()
    assert mesh_text(planned.clusters[0]) == ""


async def test_a_command_gives_its_exit_code_and_its_words(tmp_path: Path) -> None:
    planned = plan(tmp_path, ("east",), nodes=1)
    async with httpx2.AsyncClient() as client:
        code, words = await Fleet(planned, client).isthmus("agent", "--config", "/nowhere.yaml")
    assert code == 2
    assert "/nowhere.yaml" in words
