"""Writes are values: two that are equal do the same."""

from agent.objects import SERVICE, ObjectKey
from agent.writes import Apply, ApplyStatus, Delete, Record

WEB = ObjectKey(SERVICE, "shop", "web")


def test_equal_writes_are_the_same_write() -> None:
    assert Apply(WEB, {"kind": "Service"}, "new") == Apply(WEB, {"kind": "Service"}, "new")
    assert Delete(WEB, "gone") != Delete(WEB, "gone", if_version="7")
    assert ApplyStatus(WEB, "v1", {}) == ApplyStatus(WEB, "v1", {})
    assert not Record(WEB, "uid", "Applied", "note").is_warning
