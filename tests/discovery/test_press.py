"""The press makes manifests, and knows when the last one says the wrong thing."""

from discovery.exports import NO_PACKING
from discovery.manifest import Intent, IntentKind, Order, decode_manifest
from discovery.press import Edition, Press
from discovery.publisher_config import PublisherConfig
from discovery.recordset import EMPTY
from tests.discovery.newsroom import ALPHA, RING, START, UID, WALL, key


def edition(
    version: int = 1, intents: tuple[Intent, ...] = (), *, departs: bool = False
) -> Edition:
    return Edition(
        epoch=7,
        version=version,
        records=EMPTY,
        intents=intents,
        signed_at_ms=WALL,
        departs=departs,
    )


def press(config: PublisherConfig | None = None) -> Press:
    return Press(ALPHA, UID, key(), config or PublisherConfig(), START)


def test_what_is_signed_is_what_was_given() -> None:
    ours = press()
    made = ours.sign(edition(3), START + 9)
    assert made is not None
    assert made is ours.last
    assert made == decode_manifest(made.raw)
    assert made.order == Order(1, 7, 3, NO_PACKING.records.root)
    assert (made.body.signed_at_ms, ours.count, ours.failed) == (WALL, 1, None)
    assert ours.resign_at == START + 9 + PublisherConfig().resign


def test_it_is_due_where_epoch_key_or_departure_differ() -> None:
    ours = press()
    assert ours.is_due(7, departs=False)
    ours.sign(edition(), START)
    assert not ours.is_due(7, departs=False)
    assert ours.is_due(8, departs=False)
    assert ours.is_due(7, departs=True)
    assert ours.rotate(key()) is None
    assert not ours.is_due(7, departs=False)
    assert ours.rotate(key(2)) is None
    assert ours.is_due(7, departs=False)
    made = ours.sign(edition(2), START)
    assert made is not None
    assert made.is_signed_by(key(2).signer.public, RING)
    assert not ours.is_due(7, departs=False)


def test_what_is_no_successor_changes_nothing() -> None:
    ours = press()
    ours.sign(edition(), START)
    assert ours.rotate(key(1, "other")) == "a key of generation 1 is no successor of 1"
    assert ours.rotate(key(0)) is not None
    assert not ours.is_due(7, departs=False)


def test_old_intents_go_where_the_manifest_would_be_too_large() -> None:
    ours = press(PublisherConfig(audience=("a" * 60,) * 8))
    long = tuple(Intent(7, n, IntentKind.UNEXPORT, f"{'n' * 62}/{'s' * 61}{n}") for n in range(8))
    assert ours.rotate(key(certificate=bytes(400))) is None
    made = ours.sign(edition(1, long), START)
    assert made is not None
    assert 0 < len(made.body.intents) < 8
    assert made.body.intents == long[-len(made.body.intents) :]
    assert ours.failed is None


def test_a_manifest_that_cannot_be_made_says_why_and_leaves_the_last() -> None:
    ours = press()
    first = ours.sign(edition(), START)
    ours.rotate(key(certificate=bytes(2_000)))
    assert ours.sign(edition(2), START) is None
    assert ours.failed == "manifest: manifest: at most 1536 bytes"
    assert (ours.last, ours.count) == (first, 1)
    assert press().rotate(key(1 << 70)) is None


def test_a_generation_that_no_manifest_takes_is_a_failure_and_no_crash() -> None:
    for generation in (1 << 63, 1 << 70):
        ours = press()
        ours.rotate(key(generation))
        assert ours.sign(edition(), START) is None
        assert ours.failed
