"""What is to outlive an agent is kept, and what does not work is told as long as it does not."""

from pathlib import Path

from agent.process.saving import Saving
from agent.state_folder import StateFolder
from discovery.recordset import EMPTY
from discovery.state import KeptState
from failure_detect.clock import Instant
from tests.agent.kept_states import kept_set, kept_state

STATE = kept_state([kept_set("east", 3, EMPTY)])


class Holder:
    trusted = None

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
