"""A crowd is what a large pool has besides the real agents, and knows itself."""

from pathlib import Path

import trio

from agent.demo.layout import lay_out
from agent.process import entropy
from failure_detect.identity import Address
from failure_detect.members import Status
from simulations.agents.crowd import (
    BRIDGES,
    SERVICES,
    crowd_plan,
    lan_crowd,
    run,
    served_by,
    trusted_by,
    wan_crowd,
)
from simulations.agents.members import Member
from tests.simulations.agents.clusters import network


def living(member: Member) -> int:
    return sum(each.status is Status.ALIVE for each in member.detector.members())


def test_what_others_serve_is_signed_and_they_trust_each_other(tmp_path: Path) -> None:
    planned = crowd_plan(tmp_path, network(), 2)
    lay_out(planned, entropy.secret, ["home"])
    [kept] = served_by(planned.clusters[1]).sets
    assert kept.manifest.origin == "cluster-1"
    assert kept.records.count == 1 + 2 * SERVICES
    assert len(trusted_by(planned.clusters[1])) == 2


async def test_all_of_both_crowds_know_each_other_and_nobody_dies(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    planned = crowd_plan(tmp_path, network(), 2)
    lay_out(planned, entropy.secret, ["home"])
    for crowd in (lan_crowd(planned, BRIDGES + 4), wan_crowd(planned)):
        seeds = [Address(member.address) for member in crowd[:1]]
        nursery.start_soon(run, crowd, seeds)
        with trio.fail_after(60):
            while any(not member.transport.statistics().received for member in crowd):
                await trio.lowlevel.checkpoint()
        assert all(living(member) == len(crowd) for member in crowd)
        assert all(member.lost == 0 for member in crowd)
