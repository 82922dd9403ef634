"""Each path of the local port, asked by a client."""

import json
from contextlib import AsyncExitStack

import pytest

from agent.local.facts import AgentFacts
from agent.local.watching import WATCHES_MAX
from tests.agent.local.ports import Core, open_port
from tests.agent.local.scenes import bridge_facts, light_facts, met
from tests.discovery.bridgehead import EAST, died


@pytest.fixture
def bridge() -> AgentFacts:
    return bridge_facts(met())


async def test_who_is_ready_says_so_and_who_is_not_says_why() -> None:
    core = Core(light_facts())
    async with open_port(core) as port:
        answer = await port.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"ready": True, "reasons": []})
        core.now = light_facts(not_ready=("no trust object was read yet",))
        answer = await port.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["reasons"] == ["no trust object was read yet"]
        assert (await port.get("/healthz")).status_code == 200


async def test_a_bridge_is_ready_without_any_remote_cluster(bridge: AgentFacts) -> None:
    head = met()
    head.tell(died(EAST))
    head.wait(60_000_000)
    async with open_port(Core(bridge_facts(head))) as port:
        assert (await port.get("/readyz")).status_code == 200


async def test_metrics_come_as_the_scraper_wants_them(bridge: AgentFacts) -> None:
    async with open_port(Core(bridge)) as port:
        port.metrics.observe_applied(0.2)
        answer = await port.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert 'isthmus_clusters{verdict="live"} 2.0' in answer.text
        assert "isthmus_change_to_apply_seconds_count 1.0" in answer.text
        answer = await port.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
        assert answer.text.endswith("# EOF\n")


async def test_the_api_answers_json_with_its_status(bridge: AgentFacts) -> None:
    async with open_port(Core(bridge)) as port:
        answer = await port.get("/v1/explain/shop/web?address=10.1.0.1")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["endpointsTotal"] == 1
        answer = await port.get("/v1/services/shop/nothing")
        assert (answer.status_code, answer.json()["reason"]) == (404, "UnknownService")
        assert (await port.get("/v1")).json()["kind"] == "Index"
        assert (await port.get("/nothing")).status_code == 404


async def test_a_light_agent_relays_what_a_bridge_answers(bridge: AgentFacts) -> None:
    core = Core(light_facts(), bridge)
    async with open_port(core) as port:
        answer = await port.get("/v1/services?namespace=shop&limit=1")
        assert answer.json()["answeredBy"]["node"] == "node-0"
        assert core.asked == [("/v1/services", {"namespace": "shop", "limit": "1"})]
        assert (await port.get("/v1/status")).json()["answeredBy"]["node"] == "node-1"
        assert len(core.asked) == 1


async def test_a_light_agent_whose_bridges_are_gone_says_so() -> None:
    async with open_port(Core(light_facts())) as port:
        answer = await port.get("/v1/clusters")
        assert (answer.status_code, answer.json()["reason"]) == (503, "NoBridge")
        assert answer.json()["message"] == "node-0 does not answer"
        page = await port.get("/")
        assert page.status_code == 200
        assert "No bridge of this cluster answers" in page.text


async def test_the_page_is_html_that_loads_nothing_from_anywhere(bridge: AgentFacts) -> None:
    async with open_port(Core(bridge)) as port:
        answer = await port.get("/?explain=shop/web")
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "Why: shop/web" in answer.text
        assert (await port.get("/?explain=../../status")).status_code == 200


async def test_a_watch_tells_what_changed_and_only_that() -> None:
    head = met()
    core = Core(bridge_facts(head))
    query = {"path": "/v1/clusters/east"}
    async with (
        open_port(core) as port,
        port.client() as client,
        client.stream("GET", "/v1/watch", params=query) as watch,
    ):
        assert watch.headers["content-type"].startswith("text/event-stream")
        lines = watch.aiter_lines()
        assert json.loads((await anext(lines)).removeprefix("data: "))["verdict"] == "live"
        assert await anext(lines) == ""
        head.tell(died(EAST))
        head.wait(60_000_000)
        core.now = bridge_facts(head)
        assert json.loads((await anext(lines)).removeprefix("data: "))["verdict"] == "unreachable"
        port.stopping.set()
        assert [line async for line in lines if line] == []


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/v1/watch", 400, "BadRequest"),
        ("/v1/watch?path=/metrics", 400, "BadRequest"),
        ("/v1/watch?path=/v1/watch", 400, "BadRequest"),
        ("/v1/watch?path=/v1/clusters/nobody", 404, "UnknownCluster"),
    ],
)
async def test_what_cannot_be_watched_is_said_at_once(
    path: str, status: int, reason: str, bridge: AgentFacts
) -> None:
    async with open_port(Core(bridge)) as port:
        answer = await port.get(path)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)


async def test_head_is_answered_without_a_body(bridge: AgentFacts) -> None:
    async with open_port(Core(bridge)) as port, port.client() as client:
        for path in ("/healthz", "/v1/status", "/", "/v1/watch?path=/v1/status"):
            answer = await client.head(path)
            assert (answer.status_code, answer.content) == (200, b"")


async def test_watches_beyond_the_limit_are_refused(bridge: AgentFacts) -> None:
    path = "/v1/watch?path=/v1/status"
    async with open_port(Core(bridge)) as port, port.client() as client, AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(client.stream("GET", path)) for _ in range(WATCHES_MAX)
        ]
        assert all(each.status_code == 200 for each in opened)
        answer = await port.get(path)
        assert (answer.status_code, answer.json()["reason"]) == (503, "TooManyWatches")
        assert (await port.get("/v1/status")).status_code == 200
        port.stopping.set()
        for each in opened:
            await each.aread()
