"""Keys and certificates that change while an agent runs, and those that must not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio
import trio.testing

from agent.core.events import CertificatesMade, CertificatesWanted, Event, KeyLoaded, OwnNodeSeen
from agent.credentials import LIFETIME_MS, Credentials, read_key_ring
from agent.key_files import write_cluster_key
from agent.objects import Document
from agent.process.placing import place_of
from agent.process.renewing import EVERY_S, RIVALRY_MS, RIVALRY_RISES, Renewing
from agent.process.saving import Saving
from agent.state_folder import StateFolder
from discovery.certificates import decode_agent_certificate
from discovery.names import Origin
from tests.agent.key_rings import NEXT_SEED, cluster_key, key_file
from tests.agent.settings_files import settings_of

NODE: Document = {
    "metadata": {"name": "node-1"},
    "status": {
        "addresses": [{"type": "InternalIP", "address": "10.0.0.8"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10_250}},
    },
}


@dataclass
class Scene:
    """One agent's keys on the disk, and what the core was told of them."""

    file: Path
    credentials: Credentials
    folder: StateFolder
    now_ms: int = 1_800_000_000_000
    renewed: list[CertificatesMade] = field(default_factory=list)

    def __post_init__(self) -> None:
        send, self.inbox = trio.open_memory_channel[Event](16)
        self.renewing = Renewing(
            settings_of(self.file.parent),
            self.credentials,
            Saving(self.folder),
            send,
            lambda: self.now_ms,
            self.renewed.append,
        )

    def told(self) -> list[Event]:
        found: list[Event] = []
        while self.inbox.statistics().current_buffer_used:
            found.append(self.inbox.receive_nowait())
        return found

    def rotate(self) -> None:
        write_cluster_key(self.file, cluster_key(2, NEXT_SEED), NEXT_SEED)


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    file = key_file(folder)
    settings = settings_of(folder)
    place = place_of(settings, None, "10.0.0.7")
    ring = read_key_ring(Origin("east"), file)
    credentials = Credentials(b"\7" * 32, ring, place, 17, 1_800_000_000_000)
    with StateFolder(folder / "state") as state:
        state.load()
        yield Scene(file, credentials, state)


async def test_a_key_that_changes_is_told_with_certificates_by_it(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    with scene(tmp_path) as at:
        nursery.start_soon(at.renewing.run)
        await trio.sleep(3 * EVERY_S)
        assert at.told() == []
        at.rotate()
        await trio.sleep(2 * EVERY_S)
        loaded, made = at.told()
        assert isinstance(loaded, KeyLoaded)
        assert loaded.key.generation == 2
        assert made == CertificatesMade(at.credentials.lan, at.credentials.wan)
        assert at.renewed == [made]
        assert decode_agent_certificate(made.lan).body.generation == 2


async def test_a_key_file_that_is_wrong_changes_nothing_and_is_a_fault(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    with scene(tmp_path) as at:
        nursery.start_soon(at.renewing.run)
        good = at.file.read_text()
        at.file.write_text("what?")
        await trio.sleep(2 * EVERY_S)
        assert at.told() == []
        [fault] = at.renewing.faults
        assert str(at.file) in f"{fault.where}{fault.what}"
        at.file.write_text(good)
        await trio.sleep(2 * EVERY_S)
        assert not at.renewing.faults
        assert [type(each) for each in at.told()] == [KeyLoaded], "it is the same key"


async def test_certificates_are_made_anew_at_half_of_their_life(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    with scene(tmp_path) as at:
        nursery.start_soon(at.renewing.run)
        at.now_ms += LIFETIME_MS // 2 - 1
        await trio.sleep(2 * EVERY_S)
        assert at.told() == []
        at.now_ms += 1
        await trio.sleep(2 * EVERY_S)
        [made] = at.told()
        assert isinstance(made, CertificatesMade)
        assert decode_agent_certificate(made.lan).body.not_after_ms == at.now_ms + LIFETIME_MS


async def test_files_are_read_at_once_where_that_is_asked_for(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    with scene(tmp_path) as at:
        nursery.start_soon(at.renewing.run)
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        at.renewing.read_again()
        await trio.testing.wait_all_tasks_blocked()
        assert [type(each) for each in at.told()] == [KeyLoaded]
        assert trio.current_time() == began


async def test_a_higher_start_number_is_on_the_disk_before_it_is_used(tmp_path: Path) -> None:
    with scene(tmp_path) as at:
        await at.renewing.make(CertificatesWanted(2_000_000_000_000, "a rival"))
        assert at.folder.load().start == 2_000_000_000_000
        [made] = at.told()
        assert isinstance(made, CertificatesMade)
        assert decode_agent_certificate(made.lan).body.start == 2_000_000_000_000
        await at.renewing.make(CertificatesWanted(5, "an old one"))
        assert at.folder.load().start == 2_000_000_000_000


async def test_an_address_that_changes_is_certified(tmp_path: Path) -> None:
    with scene(tmp_path) as at:
        await at.renewing.make(OwnNodeSeen(None))
        assert at.told() == []
        await at.renewing.make(OwnNodeSeen(NODE))
        [made] = at.told()
        assert isinstance(made, CertificatesMade)
        assert decode_agent_certificate(made.lan).body.address == "10.0.0.8:7979"
        await at.renewing.make(OwnNodeSeen(NODE))
        assert at.told() == []


async def test_two_agents_of_one_node_are_a_fault_while_they_outdo_each_other(
    tmp_path: Path,
) -> None:
    with scene(tmp_path) as at:
        for rise in range(RIVALRY_RISES):
            assert not at.renewing.faults
            await at.renewing.make(CertificatesWanted(at.credentials.start + 1, "a rival"))
            at.now_ms += 10_000 * rise
        [fault] = at.renewing.faults
        assert fault.where == "node node-1"
        assert "another process" in fault.what
        at.now_ms += RIVALRY_MS
        assert not at.renewing.faults
