"""The JSON API: one dispatcher from a path and a query to a document, with no I/O at all.

| path                              | document                                                   |
|-----------------------------------|------------------------------------------------------------|
| `/v1`                             | `Index`: these paths                                       |
| `/v1/status`                      | `AgentStatus`: this agent                                  |
| `/v1/members?pool=`               | `MemberList`: of `lan`, `wan` or both                      |
| `/v1/alarms`                      | `AlarmList`: what somebody should look at                  |
| `/v1/plan`                        | `Plan`: what the driver writes next, or would              |
| `/v1/clusters`                    | `ClusterList`: verdicts and their evidence                 |
| `/v1/clusters/NAME`               | `Cluster`: the same of one                                 |
| `/v1/services`                    | `ServiceList`; `namespace=`, `after=`, `limit=`            |
| `/v1/services/NAMESPACE/NAME`     | `Service`: tiers, weights, policy, conflicts               |
| `/v1/explain/NAMESPACE/NAME`      | `Explanation`; `address=`, `limit=`                        |
| `/v1/drains`                      | `DrainList`: who acknowledged, and who has not             |
| `/v1/policies`                    | `PolicyList`                                               |

A light agent answers the first five itself, and asks a bridge of its cluster for the rest
(`needs_bridge`): it passes path and query on, and relays the bytes that come back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.local.alarm_report import alarms_document
from agent.local.cluster_report import cluster_document, clusters_document
from agent.local.drain_report import drains_document
from agent.local.explain_report import ENDPOINTS_MAX, ENDPOINTS_SHOWN, explain_document
from agent.local.facts import AgentFacts
from agent.local.framing import BAD_REQUEST, NOT_FOUND, OK, UNAVAILABLE, Answer, framed, no_answer
from agent.local.member_report import POOLS, members_document
from agent.local.plan_report import plan_document
from agent.local.policy_report import policies_document
from agent.local.service_report import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    service_document,
    services_document,
)
from agent.local.status_report import status_document
from agent.objects import Document
from discovery.bridge import Bridge
from discovery.names import Origin, ServiceName, is_label, service_name

PATHS = (
    "/v1/status",
    "/v1/members",
    "/v1/alarms",
    "/v1/plan",
    "/v1/clusters",
    "/v1/clusters/{name}",
    "/v1/services",
    "/v1/services/{namespace}/{name}",
    "/v1/explain/{namespace}/{name}",
    "/v1/drains",
    "/v1/policies",
    "/v1/watch?path={path}",
)

_OF_BRIDGE = ("clusters", "services", "explain", "drains", "policies")

_QUERIES: Mapping[str, tuple[str, ...]] = {
    "members": ("pool",),
    "services": ("namespace", "after", "limit"),
    "explain": ("address", "limit"),
}


class _BadQuestionError(ValueError):
    """The path or the query is wrong; the words say what and where."""


def needs_bridge(path: str) -> bool:
    """Tell whether only a bridge can answer what is asked at `path`."""
    return _parts(path)[:1] in [[each] for each in _OF_BRIDGE]


def answer(path: str, query: Mapping[str, str], facts: AgentFacts) -> Answer:
    """Return the answer to one question: its HTTP status and the document."""
    parts = _parts(path)
    try:
        _check_query(parts, query)
        if not needs_bridge(path):
            return _answer_here(path, query, facts)
        if facts.bridge is None:
            return no_answer(
                UNAVAILABLE,
                "NoBridge",
                "this agent is no bridge, and none of its cluster could be asked",
                "look at the members of its lan pool by `isthmus members`",
            )
        return _answer_of_bridge(_Question(path, query, facts, facts.bridge))
    except _BadQuestionError as error:
        return no_answer(BAD_REQUEST, "BadRequest", str(error))


def _parts(path: str) -> list[str]:
    version, *parts = path.strip("/").split("/")
    return parts if version == "v1" else ["", version]


def _check_query(parts: list[str], query: Mapping[str, str]) -> None:
    head = parts[0] if parts else ""
    known = _QUERIES.get(head, ()) if len(parts) == 1 or head == "explain" else ()
    for name in query:
        if name not in known:
            allowed = f"known are {', '.join(known)}" if known else "none is known here"
            raise _BadQuestionError(f"query {name[:40]!r} is not known: {allowed}")


def _answer_here(path: str, query: Mapping[str, str], facts: AgentFacts) -> Answer:
    match _parts(path):
        case []:
            return OK, framed("Index", facts, paths=list(PATHS))
        case ["status"]:
            return OK, status_document(facts)
        case ["members"]:
            return OK, members_document(facts, _pool(query))
        case ["alarms"]:
            return OK, alarms_document(facts)
        case ["plan"]:
            return OK, plan_document(facts)
        case _:
            return _nothing_there(path)


@dataclass(frozen=True, slots=True)
class _Question:
    path: str
    query: Mapping[str, str]
    facts: AgentFacts
    bridge: Bridge


def _answer_of_bridge(asked: _Question) -> Answer:
    facts, bridge = asked.facts, asked.bridge
    match _parts(asked.path):
        case ["clusters"]:
            return OK, clusters_document(facts, bridge)
        case ["services"]:
            return OK, _services(asked)
        case ["drains"]:
            return OK, drains_document(facts, bridge)
        case ["policies"]:
            return OK, policies_document(facts, bridge)
        case _:
            return _answer_of_one(asked)


def _answer_of_one(asked: _Question) -> Answer:
    match _parts(asked.path):
        case ["clusters", name]:
            return _cluster(asked, name)
        case ["services", namespace, name]:
            return _service(asked, _named(namespace, name))
        case ["explain", namespace, name]:
            wanted, most = (
                _named(namespace, name),
                _limit(asked.query, ENDPOINTS_SHOWN, ENDPOINTS_MAX),
            )
            address = asked.query.get("address")
            return OK, explain_document(asked.facts, asked.bridge, wanted, address, most)
        case _:
            return _nothing_there(asked.path)


def _cluster(asked: _Question, name: str) -> Answer:
    found = cluster_document(asked.facts, asked.bridge, Origin(name))
    if found is None:
        words = f"no cluster {name[:63]!r} is known here"
        return no_answer(NOT_FOUND, "UnknownCluster", words, "`isthmus clusters` lists them")
    return OK, found


def _service(asked: _Question, name: ServiceName) -> Answer:
    found = service_document(asked.facts, asked.bridge, name)
    if found is None:
        words = f"{name} is not in the view: nobody who may exports it"
        return no_answer(NOT_FOUND, "UnknownService", words, f"`isthmus explain {name}` says why")
    return OK, found


def _services(asked: _Question) -> Document:
    namespace, after = asked.query.get("namespace", ""), asked.query.get("after", "")
    if namespace and not is_label(namespace):
        raise _BadQuestionError(f"namespace: {namespace[:80]!r} is no RFC 1123 label")
    most = _limit(asked.query, LIMIT_DEFAULT, LIMIT_MAX)
    return services_document(asked.facts, asked.bridge, namespace, after, most)


def _nothing_there(path: str) -> Answer:
    words = f"there is nothing at {path[:80]!r}"
    return no_answer(NOT_FOUND, "UnknownPath", words, "/v1 lists the paths")


def _named(namespace: str, name: str) -> ServiceName:
    try:
        return service_name(namespace, name)
    except ValueError as error:
        raise _BadQuestionError(str(error)) from error


def _pool(query: Mapping[str, str]) -> str:
    pool = query.get("pool", "")
    if pool not in ("", *POOLS):
        raise _BadQuestionError(f"pool: must be one of {', '.join(POOLS)}, is {pool[:40]!r}")
    return pool


def _limit(query: Mapping[str, str], default: int, most: int) -> int:
    text = query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= most):
        raise _BadQuestionError(f"limit: must be 1 to {most}, is {text[:40]!r}")
    return int(text)
