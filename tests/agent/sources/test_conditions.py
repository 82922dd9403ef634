"""Conditions say what the MCS API wants said, and keep their times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.objects import Document
from agent.sources.conditions import (
    Condition,
    Publication,
    Published,
    Status,
    export_conditions,
    merged,
    status_to_apply,
)
from agent.sources.exports import ExportRead, read_exports
from agent.sources.problems import Fault
from discovery.merge import Export, Merged, merge
from discovery.names import Origin, ServiceName
from discovery.records import ExportRecord, ServicePort, ServiceType
from tests.agent.sources.written import endpoint, export, mirror_of, service, sliced

NAME = ServiceName("shop", "web")
EAST, WEST = Origin("east"), Origin("west")
SIGNED = Published(Publication.PUBLISHED)
T0, T1 = 1_793_491_210_000, 1_793_491_215_000
AT_T0, AT_T1 = "2026-11-01T00:00:10Z", "2026-11-01T00:00:15Z"


def conditions(
    *documents: Document, published: Published = SIGNED, view: Merged | None = None
) -> dict[str, Condition]:
    read = read_exports(mirror_of(*documents))[NAME]
    found = export_conditions(read, export(generation=4), published, EAST, view)
    assert all(each.observed_generation == 4 for each in found)
    return {each.type: each for each in found}


def shown(found: dict[str, Condition]) -> dict[str, tuple[str, str]]:
    return {name: (each.status.value, each.reason) for name, each in found.items()}


def test_an_export_that_is_signed_is_valid_and_ready() -> None:
    found = conditions(service(), export())
    assert shown(found) == {"Valid": ("True", "Valid"), "Ready": ("True", "Exported")}


@pytest.mark.parametrize(
    ("documents", "reason"),
    [
        ([], "NoService"),
        ([service(spec={"type": "ExternalName"})], "InvalidServiceType"),
    ],
)
def test_an_export_of_what_cannot_be_exported_is_not_valid(
    documents: list[Document], reason: str
) -> None:
    found = conditions(*documents, export())
    assert shown(found) == {"Valid": ("False", reason), "Ready": ("False", "Failed")}
    assert found["Valid"].message


def test_a_service_that_cannot_be_read_stands_as_it_was_and_says_so() -> None:
    found = conditions(service(spec={"ports": []}), export())
    assert shown(found) == {"Valid": ("False", "NoPorts"), "Ready": ("True", "Exported")}
    assert "last good state" in found["Ready"].message


def test_what_is_left_out_is_in_the_message_of_a_valid_export() -> None:
    bad = sliced("a", [endpoint(f"10.0.0.{number}") for number in range(256, 270)])
    found = conditions(service(), export(), bad)
    assert shown(found)["Valid"] == ("True", "Valid")
    assert "endpoints[0].addresses[0]: '10.0.0.256' is no address" in found["Valid"].message
    assert found["Valid"].message.endswith("; and 6 more")


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (Published(Publication.PENDING), ("False", "Pending")),
        (Published(Publication.REFUSED, "too large"), ("False", "Failed")),
        (Published(Publication.UNKNOWN), ("Unknown", "Pending")),
    ],
)
def test_ready_says_how_far_an_export_has_come(
    published: Published, expected: tuple[str, str]
) -> None:
    found = conditions(service(), export(), published=published)
    assert shown(found)["Ready"] == expected
    assert found["Ready"].message


def head(kind: ServiceType, port: int, at: int) -> ExportRecord:
    return ExportRecord(ports=(ServicePort("http", port),), type=kind, exported_at=at)


def test_conflicts_are_those_of_the_view() -> None:
    ours = Export(EAST, head(ServiceType.CLUSTER_SET_IP, 80, 2))
    alike = Export(WEST, head(ServiceType.CLUSTER_SET_IP, 80, 1))
    other = Export(WEST, head(ServiceType.HEADLESS, 81, 1))
    calm = conditions(service(), export(), view=merge([ours, alike], EAST))
    assert shown(calm)["Conflict"] == ("False", "NoConflicts")
    found = conditions(service(), export(), view=merge([ours, other], EAST))
    assert shown(found)["Conflict"] == ("True", "PortConflict,TypeConflict")
    assert "west" in found["Conflict"].message


def test_every_fault_makes_a_reason_that_the_api_server_takes() -> None:
    for fault in Fault:
        read = ExportRead(NAME, None, None, fault)
        export_conditions(read, export(), SIGNED, EAST, None)


def test_a_reason_that_the_api_server_would_refuse_is_an_error() -> None:
    with pytest.raises(ValueError, match="no reason of a condition"):
        Condition("Valid", Status.TRUE, "two words")


# --- merging -------------------------------------------------------------------------------------

VALID = Condition("Valid", Status.TRUE, "Valid", "", 1)
NOT_VALID = Condition("Valid", Status.FALSE, "NoService", "gone", 2)


def with_status(*found: Document) -> Document:
    return {**export(), "status": {"conditions": list(found)}}


def test_a_new_condition_is_as_old_as_now() -> None:
    assert merged((), [VALID], T0) == (
        {
            "type": "Valid",
            "status": "True",
            "reason": "Valid",
            "message": "",
            "lastTransitionTime": AT_T0,
            "observedGeneration": 1,
        },
    )


def test_a_time_stays_while_the_status_does_and_goes_on_when_it_changes() -> None:
    there = merged((), [VALID], T0)
    reworded = Condition("Valid", Status.TRUE, "Valid", "other words")
    assert merged(there, [reworded], T1)[0]["lastTransitionTime"] == AT_T0
    assert merged(there, [NOT_VALID], T1)[0]["lastTransitionTime"] == AT_T1


def test_nothing_is_applied_where_nothing_changed() -> None:
    theirs = {"type": "example.com/Theirs", "status": "True"}
    document = with_status(theirs, *merged((), [VALID], T0))
    assert status_to_apply(document, [VALID], T1) is None
    status = status_to_apply(document, [NOT_VALID], T1)
    assert status == {"conditions": list(merged((), [NOT_VALID], T1))}


def test_what_we_said_before_and_do_not_any_more_goes() -> None:
    ours = Condition("isthmus.dev/Imported", Status.TRUE, "Written")
    document = with_status(*merged((), [VALID, ours], T0))
    assert status_to_apply(document, [VALID], T1) == {"conditions": list(merged((), [VALID], T0))}


def test_of_two_conditions_of_one_type_the_later_counts() -> None:
    assert merged((), [VALID, NOT_VALID], T0) == merged((), [NOT_VALID], T0)


CONDITIONS = st.builds(
    Condition,
    st.sampled_from(["Valid", "Ready", "isthmus.dev/X"]),
    st.sampled_from(Status),
    st.sampled_from(["A", "B,C"]),
    st.text(max_size=4),
    st.none() | st.integers(0, 3),
)


@given(st.lists(CONDITIONS, max_size=4), st.lists(CONDITIONS, max_size=4))
def test_what_was_applied_is_applied_no_second_time(
    before: list[Condition], wanted: list[Condition]
) -> None:
    document = with_status(*merged((), before, T0))
    status = status_to_apply(document, wanted, T1)
    after = document if status is None else {**document, "status": status}
    assert status_to_apply(after, wanted, T1 + 9_000) is None
