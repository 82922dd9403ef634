"""A member of a real pool hears what its machine concludes."""

from pathlib import Path

import trio

from agent.credentials import read_key_ring
from agent.demo.layout import lay_out
from agent.process import entropy
from agent.wire.header import Pool
from discovery.names import Origin
from failure_detect.config import DetectorConfig
from failure_detect.events import MemberDied, MemberJoined
from simulations.agents.crowd import crowd_plan, lan_nodes, place_of, uid_of
from simulations.agents.members import Kin, Member
from tests.simulations.agents.clusters import network


async def test_a_member_that_is_there_no_more_is_found_dead(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    planned = crowd_plan(tmp_path, network(), 1)
    lay_out(planned, entropy.secret, ["home"])
    home = planned.clusters[0]
    kin = Kin(
        pool=Pool.LAN,
        ring=read_key_ring(Origin("home"), home.key),
        uid=uid_of(home),
        config=DetectorConfig.loopback(),
    )
    places = [place_of(node) for node in (*home.nodes, *lan_nodes(home, 8))]
    facts: list[object] = []
    first, *rest = [Member(kin, place, facts.append) for place in places[4:7]]
    mortal = Member(kin, places[7])
    async with trio.open_nursery() as life:
        await life.start(mortal.run)
        for member in (first, *rest):
            await nursery.start(member.run)
        for member in (first, *rest, mortal):
            member.join([first.address])
        with trio.fail_after(60):
            while sum(isinstance(each, MemberJoined) for each in facts) < 9:
                await trio.lowlevel.checkpoint()
        life.cancel_scope.cancel()
    with trio.fail_after(60):
        while sum(isinstance(each, MemberDied) for each in facts) < 3:
            await trio.lowlevel.checkpoint()
    dead = {each.member for each in facts if isinstance(each, MemberDied)}
    assert dead == {mortal.member}
