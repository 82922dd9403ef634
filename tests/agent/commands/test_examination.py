"""All checks together: what the store and the running agent say."""

from agent.commands.asking import agent_at
from agent.commands.checks import Finding, Result
from agent.commands.examination import check_agent, check_peers, examined
from agent.objects import Document
from agent.settings_file import read_settings
from tests.agent.commands.stage import Stage, api, stage

__all__ = ["stage"]

STATUS: Document = {
    "cluster": "east",
    "node": "node-1",
    "role": "publisher",
    "readiness": {"ready": True, "reasons": []},
    "alarms": [],
    "driver": {"problems": []},
}
OWN: Document = {"name": "east", "own": True, "meshRoot": "aa", "trustDomain": "cluster.local"}


def agents(stage: Stage, **changed: object) -> list[Finding]:
    settings = read_settings(stage.config, {}, "node-1")
    return list(check_agent(settings, {**STATUS, **changed}))


def peers(*items: Document) -> list[Finding]:
    with api({"/v1/clusters": [{"items": [OWN, *items]}]}) as http:
        return list(check_peers(agent_at(http, None)))


def test_settings_with_faults_end_the_examination(stage: Stage) -> None:
    stage.settle("bridges: x\nnode: _\n")
    found = examined(stage.config)
    assert [(each.check, each.where) for each in found] == [
        ("settings", f"{stage.config}:7"),
        ("settings", f"{stage.config}:8"),
    ]


def test_an_agent_that_does_not_run_is_a_warning(stage: Stage) -> None:
    settings = read_settings(stage.config, {}, "node-1")
    (found,) = check_agent(settings, None)
    assert (found.result, "does not answer" in found.what) == (Result.WARN, True)
    assert list(check_peers(None)) == []


def test_an_agent_that_runs_is_asked_what_it_complains_of(stage: Stage) -> None:
    (found,) = agents(stage)
    assert (found.result, found.what) == (Result.OK, "runs and is ready, as publisher")
    (found,) = agents(stage, readiness={"reasons": ["the store was not read yet"]})
    assert found.what == "is not ready: the store was not read yet"
    clock = {
        "name": "clock-behind",
        "severity": "alarm",
        "subject": "node-1",
        "message": "the wall clock is an hour behind what was signed",
        "remedy": "set the clock",
    }
    notice = {**clock, "name": "held", "severity": "notice"}
    _, alarm, note = agents(stage, alarms=[clock, notice])
    assert (alarm.result, alarm.check, alarm.remedy) == (
        Result.FAIL,
        "clock-behind",
        "set the clock",
    )
    assert note.result is Result.WARN
    problem = {"service": "shop/web", "reason": "SinglePort", "message": "has two ports"}
    _, mesh = agents(stage, driver={"problems": [problem]})
    assert (mesh.check, mesh.where, mesh.what) == ("mesh", "shop/web", "has two ports")


def test_the_agent_of_another_settings_file_is_noticed(stage: Stage) -> None:
    (found,) = agents(stage, node="node-2")
    assert found.result is Result.FAIL
    assert found.what == "is the agent node-2 of east, and not node-1 of east"


def test_other_clusters_are_looked_at(stage: Stage) -> None:
    live = {"name": "west", "verdict": "live", "meshRoot": "aa", "trust": {"problems": []}}
    dead = {"name": "north", "verdict": "unreachable", "why": "no bridge alive"}
    fine, lost = peers(live, dead)
    assert (fine.result, lost.result) == (Result.OK, Result.WARN)
    assert lost.what == "unreachable: no bridge alive"
    _, problem = peers({**live, "trust": {"problems": ["its key expired"]}})
    assert (problem.check, problem.what) == ("trust", "its key expired")


def test_meshes_that_refuse_each_other_are_a_failure(stage: Stage) -> None:
    other = {"name": "west", "verdict": "live", "meshRoot": "bb", "trustDomain": "west.local"}
    _, root, domain = peers(other)
    assert {root.result, domain.result} == {Result.FAIL}
    assert "another root certificate" in root.what
    assert "another trust domain" in domain.what
