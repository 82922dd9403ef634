"""The mirror with our own writes over it, until it shows them."""

from agent.drivers.overlay import CATCH_UP_MAX, Overlay
from agent.mirror import Mirror
from agent.objects import ENDPOINTS, SERVICE, Document, ObjectKey
from failure_detect.clock import NEVER

KEY = ObjectKey(SERVICE, "shop", "web")
OTHER = ObjectKey(SERVICE, "bank", "api")


def state(version: str) -> Document:
    return {"metadata": {"resourceVersion": version}}


def overlaid(version: str = "1") -> tuple[Mirror, Overlay]:
    mirror = Mirror()
    mirror.serve([(SERVICE, "v1"), (ENDPOINTS, "v1")])
    mirror.replace(SERVICE, [])
    mirror.put(KEY, state(version))
    return mirror, Overlay(mirror)


def write(overlay: Overlay, document: Document | None, now: int = 0) -> None:
    overlay.begin(KEY)
    overlay.wrote(KEY, document, now)


def test_it_shows_the_mirror_as_it_is() -> None:
    mirror, overlay = overlaid()
    assert overlay.get(KEY) == mirror.get(KEY)
    assert overlay.version(SERVICE) == "v1"
    assert overlay.knows(SERVICE)
    assert not overlay.knows(ENDPOINTS)
    assert dict(overlay.of(SERVICE)) == dict(mirror.of(SERVICE))
    assert overlay.deadline == NEVER


def test_our_own_write_shows_before_the_mirror_has_it() -> None:
    _, overlay = overlaid()
    write(overlay, state("2"))
    assert overlay.get(KEY) == state("2")
    assert list(overlay.of(SERVICE, "shop")) == [(KEY, state("2"))]
    assert list(overlay.of(SERVICE, "bank")) == []
    assert list(overlay.of(ENDPOINTS)) == []


def test_our_own_deletion_shows_before_the_mirror_has_it() -> None:
    mirror, overlay = overlaid()
    write(overlay, None)
    assert overlay.get(KEY) is None
    assert list(overlay.of(SERVICE)) == []
    mirror.remove(KEY)
    assert not overlay.changed(KEY, 1)


def test_an_object_that_we_made_is_listed_in_its_place() -> None:
    mirror, overlay = overlaid()
    overlay.begin(OTHER)
    overlay.wrote(OTHER, state("7"), 0)
    assert [key for key, _ in overlay.of(SERVICE)] == [OTHER, KEY]
    mirror.put(OTHER, state("7"))
    assert not overlay.changed(OTHER, 1)


def test_once_the_mirror_shows_it_the_mirror_counts() -> None:
    mirror, overlay = overlaid()
    write(overlay, state("2"))
    mirror.put(KEY, state("2"))
    assert not overlay.changed(KEY, 1)
    mirror.put(KEY, state("3"))
    assert overlay.changed(KEY, 2)
    assert overlay.get(KEY) == state("3")


def test_a_change_before_ours_is_no_alteration() -> None:
    mirror, overlay = overlaid()
    overlay.begin(KEY)
    overlay.wrote(KEY, state("3"), 0)
    mirror.put(KEY, state("2"))
    assert not overlay.changed(KEY, 1)
    assert overlay.get(KEY) == state("3")
    mirror.put(KEY, state("3"))
    assert not overlay.changed(KEY, 2)
    assert overlay.deadline == NEVER


def test_the_mirror_may_be_faster_than_the_answer() -> None:
    mirror, overlay = overlaid()
    overlay.begin(KEY)
    mirror.put(KEY, state("2"))
    assert not overlay.changed(KEY, 1)
    overlay.wrote(KEY, state("2"), 2)
    assert overlay.deadline == NEVER
    mirror.put(KEY, state("3"))
    assert overlay.changed(KEY, 3)


def test_what_others_overwrote_unseen_counts_after_a_while() -> None:
    mirror, overlay = overlaid()
    write(overlay, state("2"))
    mirror.put(KEY, state("5"))
    assert not overlay.changed(KEY, 10)
    assert overlay.deadline == 10 + CATCH_UP_MAX
    assert overlay.expire(9 + CATCH_UP_MAX) == []
    assert overlay.expire(10 + CATCH_UP_MAX) == [KEY]
    assert overlay.get(KEY) == state("5")


def test_a_mirror_that_stands_still_never_wins_over_our_word() -> None:
    _, overlay = overlaid()
    write(overlay, state("2"))
    assert overlay.expire(NEVER) == []
    assert overlay.get(KEY) == state("2")


def test_a_list_that_began_after_the_write_counts() -> None:
    _, overlay = overlaid()
    write(overlay, state("2"), now=10)
    assert overlay.listed(SERVICE, 10) == []
    assert overlay.listed(ENDPOINTS, 11) == []
    assert overlay.get(KEY) == state("2")
    assert overlay.listed(SERVICE, 11) == [KEY]
    assert overlay.get(KEY) == state("1")


def test_of_a_write_that_failed_nothing_is_left() -> None:
    mirror, overlay = overlaid()
    overlay.begin(KEY)
    overlay.failed(KEY)
    assert overlay.get(KEY) == state("1")
    mirror.put(KEY, state("2"))
    assert overlay.changed(KEY, 1)
