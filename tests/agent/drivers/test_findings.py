"""Events about what is new of a service."""

from agent.drivers.admission import Trouble, TroubleReason
from agent.drivers.findings import NOTE_CHARACTERS_MAX, records_of, shown, subject_of
from agent.drivers.plan import Condition, Reason
from agent.mirror import Mirror
from agent.objects import SERVICE, SERVICE_EXPORT, ObjectKey
from agent.writes import Record
from discovery.names import Origin
from tests.agent.drivers.bench import EAST, WEB

ROOT = Condition(Reason.ROOT_DIFFERS, EAST, "another root")
HELD = Trouble(TroubleReason.WITHDRAWAL_HELD, "too early")
EXPORT, HERE = (ObjectKey(kind, "shop", "web") for kind in (SERVICE_EXPORT, SERVICE))


def mirror_of(*keys: ObjectKey) -> Mirror:
    mirror = Mirror()
    for key in keys:
        mirror.put(key, {"metadata": {"uid": f"uid of {key}"}})
    return mirror


def test_a_finding_is_shown_with_whom_it_is_about() -> None:
    assert shown(ROOT) == "east: another root"
    assert shown(HELD) == "too early"
    assert HELD.origin == Origin("")


def test_events_are_about_the_export_and_else_about_the_service() -> None:
    assert subject_of(WEB, mirror_of(EXPORT, HERE)) == (EXPORT, f"uid of {EXPORT}")
    assert subject_of(WEB, mirror_of(HERE)) == (HERE, f"uid of {HERE}")
    assert subject_of(WEB, mirror_of()) is None
    assert records_of(WEB, (), (ROOT,), mirror_of()) == []


def test_only_what_is_new_is_told_and_then_that_all_is_well() -> None:
    mirror, uid = mirror_of(HERE), f"uid of {HERE}"
    told = Record(HERE, uid, "MeshRootDiffers", "east: another root", is_warning=True)
    assert records_of(WEB, (), (ROOT,), mirror) == [told]
    assert records_of(WEB, (HELD,), (HELD, ROOT), mirror) == [told]
    reworded = Condition(Reason.ROOT_DIFFERS, EAST, "yet another root")
    assert records_of(WEB, (ROOT,), (reworded,), mirror) == []
    well = Record(HERE, uid, "Served", "the mesh serves it as it should")
    assert records_of(WEB, (ROOT,), (), mirror) == [well]
    assert records_of(WEB, (), (), mirror) == []


def test_a_note_is_cut_to_what_an_event_takes() -> None:
    long = Trouble(TroubleReason.WRITE_REFUSED, "x" * 5_000)
    [record] = records_of(WEB, (), (long,), mirror_of(HERE))
    assert len(record.note) == NOTE_CHARACTERS_MAX
    assert record.note.endswith("…")
