"""Bad machines under real agents: keys, ports, folders and disks that are not as they should be.

What cannot start says why, by file, field and remedy, and what runs goes on with what it has. Each
test ends with all of it mended, and nothing lost that the other cluster knew.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.demo.plan import NodePlan
from agent.objects import Document, list_at, text_at
from tests.agent.town import Town, fault_about, isthmus, town, until

pytestmark = pytest.mark.timeout(300)

NETWORK = 112
STANDS, MOVES = range(3), 3


class Pair:
    """Two clusters; `east` has a second node, whose agent does not run."""

    def __init__(self, there: Town) -> None:
        self.town = there
        self.east, self.west = there.plan.clusters
        self.agent, self.spare = self.east.nodes
        self.other = self.west.nodes[0]
        self._moved = 0
        there.start(self.agent)
        there.start(self.other)
        there.export(self.east, "stands", STANDS)
        self.move()
        there.export(self.west, "remote", STANDS)
        self.follow([0, 1, 2])

    def move(self) -> None:
        """Let a service of `east` change, and see `west` follow."""
        self._moved += 1
        spot = MOVES + self._moved % 3
        self.town.export(self.east, "moves", [spot])
        until(lambda: self.seen() == {*STANDS, spot}, f"west has {spot}")

    def follow(self, spots: list[int]) -> None:
        """Let a service of `west` have these pods, and see the mesh of `east` follow."""
        self.town.export(self.west, "remote", spots)
        until(lambda: self.imported() == set(spots), f"east has {spots}")

    def seen(self) -> set[int]:
        """Return what the mesh of `west` sends requests to; it never loses what stands."""
        found = self.town.spots(self.west, self.east)
        assert self._moved == 1 or found >= set(STANDS)
        return found

    def imported(self) -> set[int]:
        """Return what the mesh of `east` sends requests to."""
        return self.town.spots(self.east, self.west)

    def told(self, where: str) -> str:
        """Return the words of the status about a place, once there are any."""
        ask = self.town.ask
        return until(
            lambda: fault_about(ask(self.agent, "/v1/status"), where), f"a fault about {where}"
        )

    def untold(self, where: str) -> None:
        """See that nothing is said of a place any more."""
        ask = self.town.ask
        until(lambda: not fault_about(ask(self.agent, "/v1/status"), where), f"{where} is mended")

    def status(self, node: NodePlan | None = None) -> Document:
        """Return what an agent says of itself, once it does."""
        return until(lambda: self.town.ask(node or self.agent, "/v1/status"), "it answers")


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    # Not a folder of pytest: another run would take it from the user that an agent runs as here.
    with TemporaryDirectory(prefix="isthmus-machines-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        with town(folder, ("east", "west"), nodes=2, network=NETWORK) as there:
            yield Pair(there)


def refused(config: Path, *before: str) -> str:
    """Return why an agent could not start, and see that it says so in one line of its log."""
    found = subprocess.run(
        [*before, sys.executable, "-m", "agent", "agent", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 1
    assert found.stdout == ""
    [line] = [json.loads(each) for each in found.stderr.splitlines()]
    assert (line["event"], line["level"]) == ("agent_failed", "error")
    return str(line["why"])


# --- keys -------------------------------------------------------------------------------------


def test_a_key_file_that_others_may_read_starts_nobody_and_stops_nobody(pair: Pair) -> None:
    key = pair.east.key
    key.chmod(0o640)
    remedy = f"run: chmod 600 {key}"
    words = f"{key}: others may read or write it (mode 0640), and it has a private key; {remedy}"
    assert refused(pair.spare.config) == words
    told = pair.told(str(key))
    assert remedy in told
    assert "the keys that were read last are in force" in told
    code, shown, _ = isthmus("doctor", "--config", pair.agent.config, "--output", "json")
    assert code == 1
    [item] = [each for each in list_at(json.loads(shown), "items") if _is_failed(each, "keys")]
    assert text_at(item, "remedy") == remedy
    pair.move()
    key.chmod(0o600)
    pair.untold(str(key))


def _is_failed(item: object, check: str) -> bool:
    return (text_at(item, "check"), text_at(item, "result")) == (check, "fail")


def test_a_key_file_that_is_damaged_or_gone_changes_nothing_until_it_is_mended(
    pair: Pair,
) -> None:
    key = pair.east.key
    good = key.read_text()
    key.write_text(good.replace("seed: ", "seed: AAAA"))
    assert "seed: must be 32 bytes as base64" in pair.told(str(key))
    assert good.split("seed: ")[1][:20] not in json.dumps(pair.status()), "no seed is shown"
    key.unlink()
    until(lambda: "No such file" in pair.told(str(key)), "it is gone")
    assert "make one by isthmus keys" in pair.told(str(key))
    pair.move()
    key.write_text(good)
    key.chmod(0o600)
    pair.untold(str(key))
    pair.move()


# --- ports ------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["listen", "http"])
def test_a_port_that_is_in_use_names_the_settings_the_field_and_a_way_out(
    pair: Pair, field: str
) -> None:
    taken = {"listen": pair.agent.agent, "http": pair.agent.http}[field]
    pair.town.configure(pair.spare, **{field: str(taken)})
    why = refused(pair.spare.config)
    pair.town.configure(pair.spare)
    assert why.startswith(f"{pair.spare.config}: {field}: {taken}: ")
    assert "in use" in why
    assert "stop that one, or c" in why
    pair.move()


def test_a_state_folder_of_a_running_agent_names_its_process(pair: Pair) -> None:
    pair.town.configure(pair.spare, state=str(pair.agent.state))
    why = refused(pair.spare.config)
    pair.town.configure(pair.spare)
    process = pair.town.agents[pair.agent.name].pid
    assert why.startswith(f"{pair.agent.state}: is the state of another agent that runs")
    assert f"(process {process})" in why
    assert "by state: in its settings" in why
    pair.move()


# --- disks ------------------------------------------------------------------------------------


@contextmanager
def full(pair: Pair) -> Iterator[None]:
    """Let no file of the agent of `east` grow, as on a disk that is full."""
    process = pair.town.agents[pair.agent.name].pid
    _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))


def test_on_a_full_disk_what_is_known_is_served_and_what_is_new_comes_when_there_is_room(
    pair: Pair,
) -> None:
    state = pair.agent.state
    with full(pair):
        pair.town.export(pair.west, "remote", [0, 1])
        told = pair.told(str(state))
        assert f"{state}/" in told
        assert "nothing that is learnt now outlives this process; make room" in told
        counts = until(lambda: _failed_writes(pair), "the failed write is counted")
        assert counts > 0
        held = pair.imported()
        assert held >= {0, 1}, "what the mesh has stays"
        assert pair.seen() >= set(STANDS)
        assert pair.status(pair.agent)["readiness"] == {"ready": True, "reasons": []}
    until(lambda: pair.imported() == {0, 1}, "it is written once there is room")
    pair.untold(str(state))
    pair.move()


def _failed_writes(pair: Pair) -> float:
    metrics = pair.town.metrics(pair.agent)
    return sum(each for name, each in metrics.items() if 'operation="failed-' in name)


def test_an_agent_that_starts_on_a_full_disk_does_all_but_write(pair: Pair) -> None:
    pair.town.kill(pair.agent)
    limit = ["bash", "-c", 'ulimit -S -f 0; exec "$@"', "limited"]
    # Its log cannot be written either: that stops nobody.
    pair.town.start(pair.agent, before=limit)
    pair.told(str(pair.agent.state))
    until(lambda: pair.status()["role"] == "bridge", "it is a bridge, without the lease")
    until(lambda: len(list_at(pair.town.ask(pair.agent, "/v1/clusters"), "items")) == 2, "both")
    assert pair.seen() >= set(STANDS)
    process = pair.town.agents[pair.agent.name].pid
    _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))
    until(lambda: pair.status()["role"] == "publisher", "it publishes once there is room")
    pair.untold(str(pair.agent.state))
    pair.move()


class Nobody:
    """A user who may not write what root wrote: the agent of `east` runs as him."""

    def __init__(self, pair: Pair) -> None:
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            pytest.skip("needs root and setpriv, to run an agent as a user who may not write")
        self.pair = pair
        self.before = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        self.folder = pair.agent.folder

    def may(self, *paths: Path) -> None:
        """Let him write these and what is below them, and nothing else of the cluster."""
        self.give(0, self.folder)
        for path in (self.pair.east.key, self.pair.agent.log, *paths):
            self.give(65_534, path)

    def give(self, user: int, path: Path) -> None:
        """Make a path and all below it a user's own."""
        for each in (path, *path.rglob("*")):
            with suppress(FileNotFoundError):  # Agents write files beside others, and rename them.
                os.chown(each, user, user)

    def restart(self) -> None:
        """Start the agent again as him."""
        self.pair.town.stop(self.pair.agent)
        self.pair.town.start(self.pair.agent, before=self.before)


def test_a_directory_that_is_read_only_is_read_and_what_follows_is_written_later(
    pair: Pair,
) -> None:
    nobody = Nobody(pair)
    objects = pair.east.objects
    nobody.may(pair.agent.state)
    nobody.restart()
    told = pair.told(str(objects))
    assert told.startswith(f"{objects}; Permission denied; let this process write to the directory")
    until(lambda: pair.status()["role"] == "bridge", "it is a bridge, without the lease")
    assert pair.seen() >= set(STANDS)
    known = pair.imported()
    pair.town.export(pair.west, "remote", [1, 2])
    until(lambda: _healthy(pair, "shop/remote") == 2, "its view follows")
    assert pair.imported() == known, "and its mesh keeps what it has"
    nobody.may(pair.agent.state, objects)
    until(lambda: pair.imported() == {1, 2}, "it is written once it may be")
    pair.untold(str(objects))
    pair.move()
    nobody.give(0, nobody.folder)
    pair.town.stop(pair.agent)
    pair.town.start(pair.agent)
    pair.status()
    pair.move()


def _healthy(pair: Pair, name: str) -> int:
    found = pair.town.ask(pair.agent, f"/v1/services/{name}").get("ready")
    return found if isinstance(found, int) else -1


def test_a_state_folder_that_is_read_only_is_read_and_told(pair: Pair) -> None:
    nobody = Nobody(pair)
    state = pair.agent.state
    nobody.may(pair.east.objects)
    nobody.restart()
    told = pair.told(str(state))
    assert "give this user the right to write there" in told
    pair.move()
    pair.follow([0, 2])
    nobody.may(pair.east.objects, state)
    pair.untold(str(state))
    nobody.give(0, nobody.folder)
    pair.town.stop(pair.agent)
    pair.town.start(pair.agent)
    pair.status()
    pair.move()


# --- directories that are not there -----------------------------------------------------------


def test_a_directory_that_is_gone_when_the_agent_starts_is_no_empty_cluster(pair: Pair) -> None:
    objects = pair.east.objects
    away = objects.with_name("away")
    pair.town.stop(pair.agent)
    objects.rename(away)
    pair.town.start(pair.agent)
    told = pair.told(str(objects))
    assert f"the directory {objects} is not there; bring it back" in told
    assert not objects.exists(), "nobody makes it at a place that was misspelt perhaps"
    until(lambda: pair.status()["role"] == "bridge", "it goes on by what it kept")
    assert pair.seen() >= set(STANDS), "nothing is withdrawn"
    objects.mkdir()
    until(lambda: "was replaced by an empty one" in pair.told(str(objects)), "it is empty")
    assert pair.seen() >= set(STANDS), "nothing is withdrawn"
    objects.rmdir()
    away.rename(objects)
    pair.untold(str(objects))
    pair.move()
    pair.follow([0, 1, 2])
