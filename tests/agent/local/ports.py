"""A local port that is served for a test, and what a client reads there."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
import trio

from agent.local.facts import AgentFacts
from agent.local.listening import Listen, read_listen
from agent.local.metrics import Metrics
from agent.local.questions import NoBridgeError, answered
from agent.local.server import serve

LOOPBACK = Listen("127.0.0.1", 0)


class Core:
    """Stands for the core: has facts that a test changes, and may know a bridge to ask."""

    def __init__(self, facts: AgentFacts, bridge: AgentFacts | None = None) -> None:
        self.now = facts
        self.bridge = bridge
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    def facts(self) -> AgentFacts:
        return self.now

    async def ask_bridge(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        self.asked.append((path, query))
        if self.bridge is None:
            raise NoBridgeError("node-0 does not answer")
        return answered(path, query, self.bridge)


class Port:
    """A port that answers, and how to stop it."""

    def __init__(self, address: str, stopping: trio.Event, metrics: Metrics) -> None:
        self.address, self.stopping, self.metrics = address, stopping, metrics

    def client(self) -> httpx2.AsyncClient:
        listen = read_listen(self.address)
        transport = httpx2.AsyncHTTPTransport(uds=listen.path or None)
        base = "http://localhost" if listen.path else f"http://{self.address}"
        return httpx2.AsyncClient(base_url=base, trust_env=False, transport=transport, timeout=10)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        async with self.client() as client:
            return await client.get(path, headers=headers)


@asynccontextmanager
async def open_port(core: Core, listen: Listen = LOOPBACK) -> AsyncIterator[Port]:
    """Serve `core` at a free port as long as the test wants it."""
    stopping, metrics = trio.Event(), Metrics(core.facts)
    async with trio.open_nursery() as nursery:

        async def serving(*, task_status: trio.TaskStatus[str]) -> None:
            await serve(listen, core, metrics, stopping=stopping, task_status=task_status)

        address: str = await nursery.start(serving)
        yield Port(address, stopping, metrics)
        nursery.cancel_scope.cancel()
