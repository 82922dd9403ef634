"""The dispatcher answers each path, says what is wrong with others, and asks a bridge for some."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.local.facts import AgentFacts
from agent.local.reports import PATHS, answer, needs_bridge
from tests.agent.local.scenes import bridge_facts, light_facts, met

HERE = ("/v1", "/v1/", "/v1/status", "/v1/members", "/v1/alarms", "/v1/plan")
OF_BRIDGE = (
    "/v1/clusters",
    "/v1/clusters/east",
    "/v1/services",
    "/v1/services/shop/web",
    "/v1/explain/shop/web",
    "/v1/explain/shop/nothing",
    "/v1/drains",
    "/v1/policies",
)


@pytest.fixture(scope="module")
def facts() -> AgentFacts:
    return bridge_facts(met())


@pytest.mark.parametrize("path", HERE + OF_BRIDGE)
def test_a_bridge_answers_everything_in_plain_json(path: str, facts: AgentFacts) -> None:
    status, document = answer(path, {}, facts)
    assert status == 200
    assert json.loads(json.dumps(document)) == document
    assert document["apiVersion"] == "isthmus.dev/v1"
    assert isinstance(document["kind"], str)


@pytest.mark.parametrize("path", OF_BRIDGE)
def test_a_light_agent_without_a_bridge_says_so(path: str) -> None:
    assert needs_bridge(path)
    status, document = answer(path, {}, light_facts())
    assert (status, document["reason"]) == (503, "NoBridge")


@pytest.mark.parametrize("path", HERE)
def test_a_light_agent_answers_for_itself(path: str) -> None:
    assert not needs_bridge(path)
    assert answer(path, {}, light_facts())[0] == 200


@pytest.mark.parametrize(
    ("path", "query", "status", "reason", "words"),
    [
        ("/v1/nothing", {}, 404, "UnknownPath", "there is nothing at '/v1/nothing'"),
        ("/v2/status", {}, 404, "UnknownPath", "there is nothing at '/v2/status'"),
        ("/v1status", {}, 404, "UnknownPath", "there is nothing at '/v1status'"),
        ("/v1/status/more", {}, 404, "UnknownPath", "there is nothing at '/v1/status/more'"),
        ("/v1/services/shop", {}, 404, "UnknownPath", "there is nothing at '/v1/services/shop'"),
        ("/v1/clusters/north", {}, 404, "UnknownCluster", "no cluster 'north' is known here"),
        (
            "/v1/services/shop/no",
            {},
            404,
            "UnknownService",
            "shop/no is not in the view: nobody who may exports it",
        ),
        (
            "/v1/explain/shop/No",
            {},
            400,
            "BadRequest",
            "name: 'No' is no RFC 1123 label",
        ),
        ("/v1/services", {"limit": "0"}, 400, "BadRequest", "limit: must be 1 to 1000, is '0'"),
        ("/v1/services", {"limit": "٣"}, 400, "BadRequest", "limit: must be 1 to 1000, is '٣'"),
        (
            "/v1/services",
            {"namespace": "*"},
            400,
            "BadRequest",
            "namespace: '*' is no RFC 1123 label",
        ),
        ("/v1/members", {"pool": "x"}, 400, "BadRequest", "pool: must be one of lan, wan, is 'x'"),
        (
            "/v1/members",
            {"pol": "lan"},
            400,
            "BadRequest",
            "query 'pol' is not known: known are pool",
        ),
        ("/v1/status", {"x": "1"}, 400, "BadRequest", "query 'x' is not known: none is known here"),
    ],
)
def test_what_is_wrong_with_a_question_is_said(
    path: str, query: dict[str, str], status: int, reason: str, words: str, facts: AgentFacts
) -> None:
    found, document = answer(path, query, facts)
    assert (found, document["reason"], document["message"]) == (status, reason, words)


def test_the_index_names_every_path(facts: AgentFacts) -> None:
    assert answer("/v1", {}, facts)[1]["paths"] == list(PATHS)


def test_limits_are_obeyed(facts: AgentFacts) -> None:
    _, document = answer("/v1/services", {"limit": "1"}, facts)
    assert document["continue"] == "shop/api"
    _, document = answer("/v1/explain/shop/web", {"limit": "1", "address": "10.1.0.1"}, facts)
    assert document["endpointsTotal"] == 1


@given(
    path=st.lists(st.sampled_from(["v1", "services", "explain", "shop", "", "..", "\0", "é"])),
    query=st.dictionaries(st.sampled_from(["limit", "pool", "after", "x"]), st.text(max_size=9)),
)
def test_no_question_is_too_odd_to_be_answered(path: list[str], query: dict[str, str]) -> None:
    status, _ = answer("/" + "/".join(path), query, light_facts())
    assert status in (200, 400, 404, 503)
