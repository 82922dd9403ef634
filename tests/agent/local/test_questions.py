import json

from agent.local.questions import answered, ask
from tests.agent.local.ports import Core
from tests.agent.local.scenes import bridge_facts, light_facts, met


async def test_what_an_agent_knows_it_answers_itself() -> None:
    core = Core(bridge_facts(met()))
    assert await ask(core, "/v1/clusters", {}) == answered("/v1/clusters", {}, core.now)
    assert core.asked == []


async def test_what_it_does_not_know_a_bridge_answers_byte_by_byte() -> None:
    bridge = bridge_facts(met())
    core = Core(light_facts(), bridge)
    assert await ask(core, "/v1/clusters", {}) == answered("/v1/clusters", {}, bridge)
    assert core.asked == [("/v1/clusters", {})]


async def test_where_no_bridge_answers_the_words_say_so() -> None:
    status, body = await ask(Core(light_facts()), "/v1/clusters", {})
    assert status == 503
    assert json.loads(body)["message"] == "node-0 does not answer"
