"""What lies on the disk of a dead agent is judged by what others were shown of it."""

import subprocess
import sys
from pathlib import Path

import trio

from agent.demo.layout import write
from agent.demo.plan import plan
from agent.state_folder import StateFolder
from simulations.agents.victims import Victim, is_whole, look_at, written
from simulations.samples import Sample
from tests.agent.kept_states import kept_set, kept_state, records_of


async def test_a_set_that_is_older_than_what_was_shown_is_counted(
    tmp_path: Path, nursery: trio.Nursery
) -> None:
    cluster = plan(tmp_path, ("east",), nodes=1).cluster("east")
    process = await trio.lowlevel.open_process(
        [sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    victim = Victim(cluster, process)
    sets = [kept_set("east", 5, records_of(3, 1)), kept_set("west", 1, records_of(3, 1))]
    with StateFolder(victim.node.state) as folder:
        folder.load()
        assert not folder.save(kept_state(sets))
    sample = Sample()
    epoch = sets[0].manifest.order.epoch
    look_at(victim, (1, epoch, 5), sample)
    assert sample.counts["older"] == sample.counts["torn_states"] == 0
    assert sample.counts["published"] == sample.counts["adopted"] == 1
    look_at(victim, (1, epoch, 6), sample)
    assert sample.counts["older"] == 1
    (victim.node.state / "sets" / "west.state").write_bytes(b"half of")
    look_at(victim, (1, epoch, 5), sample)
    assert sample.counts["torn_states"] == 1
    await victim.stop()


def test_a_file_that_is_not_whole_is_found(tmp_path: Path) -> None:
    cluster = plan(tmp_path, ("east",), nodes=1).cluster("east")
    file = cluster.objects / "managed" / "kind" / "web.yaml"
    write(file, {"kind": "Service", "metadata": {"name": "web"}})
    assert written(cluster) == [file]
    assert is_whole(file)
    for text in ("kind: Service\nmetadata: {na", "kind: Service\n", ""):
        file.write_text(text)
        assert not is_whole(file)
