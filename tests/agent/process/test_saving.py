"""What is to outlive an agent is kept, and what does not work is told as long as it does not."""

import threading
from pathlib import Path

import trio

from agent.core.object_book import Documents
from agent.process.saving import WITHIN_S, Saving
from agent.state_folder import StateFault, StateFolder
from discovery.recordset import EMPTY
from discovery.state import KeptState
from failure_detect.clock import Instant
from tests.agent.kept_states import kept_set, kept_state

STATE = kept_state([kept_set("east", 3, EMPTY)])


class Holder:
    trusted: Documents | None = None

    def kept(self, now: Instant) -> KeptState:
        return STATE


async def test_a_state_is_on_the_disk_before_saving_is_over(tmp_path: Path) -> None:
    with StateFolder(tmp_path) as folder:
        folder.load()
        saving = Saving(folder)
        await saving.save(Holder(), 0)
        assert saving.faults == ()
    with StateFolder(tmp_path) as later:
        assert [each.manifest.origin for each in later.load().state.sets] == ["east"]


async def test_a_folder_that_another_agent_took_meanwhile_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text("in the way")
    with StateFolder(path) as folder:
        folder.load()
        saving = Saving(folder)
        await saving.save(Holder(), 0)
        assert str(saving.faults[0]).startswith(f"{path}/")
        path.unlink()
        with StateFolder(path):
            await saving.save(Holder(), 1)
            [fault] = saving.faults
            assert fault.file == path
            assert "is the state of another agent that runs" in fault.what
            assert "give this one a folder of its own" in fault.remedy
        await saving.save(Holder(), 2)
        assert path not in [each.file for each in saving.faults], "the other one has ended"


class SlowFolder(StateFolder):
    """One whose disk does not answer until it is let."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.answers = threading.Event()

    def save(self, state: KeptState) -> tuple[StateFault, ...]:
        self.answers.wait()
        return super().save(state)


async def test_a_disk_that_does_not_answer_is_waited_for_no_longer_than_others_wait_for_us(
    tmp_path: Path,
) -> None:
    folder = SlowFolder(tmp_path / "state")
    with folder:
        folder.load()
        saving = Saving(folder)
        try:
            began = trio.current_time()
            await saving.save(Holder(), 0)
            await saving.save(Holder(), 1)
            assert trio.current_time() - began < 2 * WITHIN_S, "it is asked once until it answers"
            [fault] = saving.faults
            assert fault.file == tmp_path / "state"
            assert "did not answer within 1 s" in fault.what
        finally:
            folder.answers.set()
        while saving.faults:  # It answers: the next time all is kept.
            await saving.save(Holder(), 2)
    with StateFolder(tmp_path / "state") as later:
        assert [each.manifest.origin for each in later.load().state.sets] == ["east"]
