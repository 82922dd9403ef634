"""A process that dies at any instant leaves whole objects, and no lock."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.objects import DRAIN, Document, ObjectKey, at, text_at
from agent.stores.disk import UNFINISHED
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.folders import Process, Start
from tests.agent.stores.site import service

GOOD = to_yaml(service())
API = to_yaml(service("api"))


WRITER = """
import os, sys
from pathlib import Path
from agent.objects import DRAIN, ObjectKey
from tests.agent.stores.folders import Process

root, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
process = Process(root, seed=seed).after()
while True:
    count += 1
    name = f"d{count % 3}"
    key = ObjectKey(DRAIN, "", name)
    if count % 7 == 0 and process.folder.shelf.held(key) is not None:
        process.writer.delete(key, process.now_us)
    else:
        spec = {"reason": str(count) * 100, "rampSeconds": count}
        document = {"apiVersion": "isthmus.dev/v1alpha1", "kind": "Drain", "spec": spec}
        process.writer.apply({**document, "metadata": {"name": name}}, process.now_us)
    os.write(1, f"{count}\\n".encode())
"""


def test_a_process_that_is_killed_at_any_instant_leaves_whole_objects_and_no_lock(
    tmp_path: Path,
) -> None:
    kill_often(tmp_path, 8)


@pytest.mark.nightly
@pytest.mark.timeout(7_200)
def test_a_thousand_kills_leave_whole_objects(tmp_path: Path, start: Start) -> None:
    kill_often(tmp_path, 1_000)


def kill_often(root: Path, kills: int) -> None:
    rng, last = random.Random(kills), 0
    for kill in range(kills):
        command = [sys.executable, "-c", WRITER, str(root), str(kill), str(last)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            acknowledged = [writer.stdout.readline() for _ in range(rng.randint(1, 25))]
            writer.send_signal(signal.SIGKILL)
            acknowledged += writer.stdout.readlines()
        counts = [int(line) for line in acknowledged if line.endswith(b"\n")]
        last = check(root, counts[-1], 10_000 + kill)


def check(root: Path, acknowledged: int, seed: int) -> int:
    """Compare what is there with what was acknowledged last; the next write may be done too."""
    process = Process(root, seed=seed, lock_timeout_s=1).after()
    assert process.folder.faults() == ()
    found: dict[str, Document] = {
        text_at(each, "metadata", "name"): each for each in process.objects(DRAIN)
    }
    latest = acknowledged
    for each in found.values():
        count = at(each, "spec", "rampSeconds")
        assert isinstance(count, int)
        assert at(each, "spec", "reason") == str(count) * 100, "it is whole"
        latest = max(latest, count)
    name = f"d{acknowledged % 3}"
    if name in found and acknowledged % 7:
        assert at(found[name], "spec", "rampSeconds") == acknowledged
    assert latest <= acknowledged + 1
    process.writer.apply({**drain(), "metadata": {"name": "check"}}, process.now_us)
    process.writer.delete(ObjectKey(DRAIN, "", "check"), process.now_us)
    assert not list(root.rglob(f".*{UNFINISHED}")), "the first who writes has swept"
    process.close()
    return latest


def drain() -> Document:
    return {"apiVersion": "isthmus.dev/v1alpha1", "kind": "Drain", "spec": {"reason": "test"}}
