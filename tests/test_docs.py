"""The pages of the documentation say what the code says."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import Enum
from functools import cache
from pathlib import Path

import pytest

from agent import state_folder
from agent.core.driver_choice import DRIVERS
from agent.drivers import osm_endpoints, osm_multicluster
from agent.drivers.admission import TroubleReason
from agent.drivers.plan import Capabilities, Capability
from agent.drivers.plan import Reason as DriverReason
from agent.drivers.writer_events import WriteError
from agent.local.alarm_report import REMEDIES
from agent.local.facts import AgentFacts, DriverFacts, DriverProblem
from agent.local.metrics import LATENCY, METRICS
from agent.local.reports import PATHS, answer
from agent.objects import list_at
from agent.sources.conditions import Publication
from agent.sources.problems import Fault
from agent.stores.faults import FaultReason
from agent.transport.inbound import Drop
from agent.wire.reasons import Reason as WireReason
from discovery.alarms import Alarm
from discovery.explain import Reason as ExplainReason
from discovery.ledger import Ending
from discovery.merge import ConflictReason
from discovery.refusals import Refusal
from discovery.standing import Verdict
from discovery.tiers import TierKind
from discovery.verdict_events import ClusterAlarm
from discovery.view_outcome import ConditionKind
from discovery.view_rows import RowState
from failure_detect.members import Status
from failure_detect.pool import Refusal as DetectorRefusal
from tests.agent.local.scenes import bridge_facts, draining
from tests.discovery.bridgehead import WEB
from tests.discovery.test_policy import policy_object

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
HANDBOOK = DOCS / "failure-handbook.md"

Row = tuple[str, ...]
"""The cells of one row, without the marks of code around the first one."""


def tables(page: Path, heading: str) -> list[list[Row]]:
    """Return the tables below a heading of the second level, each without its head."""
    sections = re.split(r"^## ", page.read_text(), flags=re.MULTILINE)
    [section] = [each for each in sections if each.partition("\n")[0] == heading]
    blocks = re.findall(r"(?:^\|.*\n)+", section, flags=re.MULTILINE)
    return [[cells(line) for line in block.splitlines()[2:]] for block in blocks]


def cells(line: str) -> Row:
    first, *rest = (each.strip() for each in re.split(r"(?<!\\)\|", line.strip("|\n ")))
    return (first.strip("`"), *rest)


def names(rows: Iterable[Row]) -> list[str]:
    return [row[0] for row in rows]


def values(*kinds: type[Enum]) -> list[str]:
    return [str(each.value) for kind in kinds for each in kind]


IN_THE_HANDBOOK: Mapping[tuple[str, int], list[str]] = {
    ("Verdicts on clusters", 0): values(Verdict),
    ("Alarms of the publisher", 0): values(Alarm),
    ("Guards and isolation", 1): values(Ending),
    ("Why an endpoint gets traffic, or none", 0): values(ExplainReason),
    ("Why an endpoint gets traffic, or none", 1): values(RowState),
    ("Why an endpoint gets traffic, or none", 2): values(TierKind),
    ("What is to be known of a service", 0): values(ConditionKind),
    ("What is to be known of a service", 1): values(ConflictReason),
    ("What the mesh cannot do", 0): values(DriverReason, TroubleReason),
    ("What the mesh cannot do", 1): values(WriteError),
    ("Conditions on objects", 1): values(Publication),
    ("What is wrong with an exported object", 0): values(Fault),
    ("What is wrong with a file of a directory store", 0): values(FaultReason),
    ("What was refused", 0): values(Refusal),
    ("What was refused", 1): values(WireReason),
    ("What was refused", 2): values(DetectorRefusal),
    ("What was refused", 3): values(Drop),
    ("Members of a pool", 0): [each.name.lower() for each in Status],
}
"""By heading and number of the table: what it has, each once and in this order."""


@pytest.mark.parametrize("place", IN_THE_HANDBOOK, ids=str)
def test_the_handbook_has_every_word_that_the_program_may_say(place: tuple[str, int]) -> None:
    heading, number = place
    assert names(tables(HANDBOOK, heading)[number]) == IN_THE_HANDBOOK[place]


def test_the_handbook_has_every_alarm_about_other_clusters() -> None:
    [rows] = tables(HANDBOOK, "Alarms about other clusters")
    assert set(values(ClusterAlarm)) <= set(names(rows))


def test_a_remedy_that_an_alarm_carries_stands_in_the_handbook_as_well() -> None:
    headings = (
        "Alarms about other clusters",
        "Alarms of the publisher",
        "Alarms and notices of one agent",
    )
    rows = {row[0]: " ".join(row) for each in headings for row in tables(HANDBOOK, each)[0]}
    missing = {name: words for name, words in REMEDIES.items() if words not in rows.get(name, "")}
    assert missing == {}


def test_metrics_that_the_handbook_names_exist() -> None:
    known = {LATENCY, *(metric.name for metric in METRICS)}
    named = set(re.findall(r"\bisthmus_[a-z0-9_]+", HANDBOOK.read_text()))
    assert named, "the handbook has lost its metrics"
    assert {each for each in named if each.removesuffix("_bucket") not in known} == set()


# --- the mesh -----------------------------------------------------------------------------------


def capability_rows() -> list[Row]:
    """What each driver can make its mesh do, as the page has it."""
    drivers = (osm_multicluster.CAPABILITIES, osm_endpoints.CAPABILITIES)
    return [
        (each.name.replace("_", " "), *(shown(getattr(driver, each.name)) for driver in drivers))
        for each in fields(Capabilities)
    ]


def shown(capability: object) -> str:
    assert isinstance(capability, Capability)
    return f"{capability.support}: {capability.how}"


def test_the_page_of_the_mesh_has_the_capabilities_of_the_drivers() -> None:
    [rows] = tables(DOCS / "osm.md", "What they can do")
    wanted = "\n".join(f"| {' | '.join(row)} |" for row in capability_rows())
    assert rows == capability_rows(), f"the table should be\n{wanted}"


def test_the_page_of_the_mesh_names_the_drivers_that_there_are() -> None:
    rows, *_ = tables(DOCS / "osm.md", "Which driver")
    assert {row[1].strip("`") for row in rows[:-1]} == set(DRIVERS)


# --- the local API --------------------------------------------------------------------------------


API = DOCS / "api.md"
FRAME = {"apiVersion", "kind", "asOf", "answeredBy"}

POLICY = policy_object({"service": "web"}, name="q")
DOCUMENTS = {
    "AgentStatus": "/v1/status",
    "MemberList": "/v1/members",
    "AlarmList": "/v1/alarms",
    "Plan": "/v1/plan",
    "Cluster": "/v1/clusters/west",
    "Service": "/v1/services/shop/web",
    "Explanation": "/v1/explain/shop/web",
    "DrainList": "/v1/drains",
    "PolicyList": "/v1/policies",
}


@cache
def facts() -> AgentFacts:
    head = draining()
    head.bridge.view.set_local_policies([POLICY])
    problem = DriverProblem(WEB, "SessionAffinity", "the mesh has none")
    return bridge_facts(head, driver=DriverFacts(problems=(problem,)))


def fields_of(path: str) -> set[str]:
    status, document = answer(path, {}, facts())
    assert status == 200
    items = list_at(document, "items")
    assert items or "items" not in document, f"{path} shows nothing to compare"
    found: object = items[0] if items else document
    assert isinstance(found, Mapping)
    return set(found) if items else set(found) - FRAME


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_page_of_the_api_has_each_field_of_each_document(kind: str) -> None:
    [rows] = tables(API, kind)
    named = {name for row in rows for name in re.findall(r"\w+", row[0])}
    assert named == fields_of(DOCUMENTS[kind])


def test_the_page_of_the_api_has_each_path() -> None:
    rows = tables(API, "Documents")[0]
    assert set(names(rows)) == {"/v1", *PATHS}


def test_a_list_has_the_fields_of_one() -> None:
    assert fields_of("/v1/clusters") == fields_of("/v1/clusters/west")
    assert fields_of("/v1/services") == fields_of("/v1/services/shop/web")


# --- what is kept ---------------------------------------------------------------------------------


def test_the_page_of_the_architecture_has_every_file_of_a_state_folder() -> None:
    files = re.findall(r"^    (\S+)  ", state_folder.__doc__ or "", flags=re.MULTILINE)
    [rows] = tables(DOCS / "architecture.md", "What is kept on disk")
    listed = {each.replace("CLUSTER", "east") for each in names(rows)}
    assert len(files) > 4
    assert listed == set(files)


def test_every_page_is_in_the_index_and_every_link_leads_somewhere() -> None:
    pages = sorted(DOCS.glob("*.md"))
    index = (DOCS / "README.md").read_text()
    assert [each.name for each in pages if f"({each.name})" not in index] == ["README.md"]
    for page in [*pages, *ROOT.glob("*.md"), *ROOT.glob("*/DESIGN.md")]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
