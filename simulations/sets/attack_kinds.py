"""Attacks on a catalog that holds some sets, by kind, from a seed: none of them may be adopted.

Whoever attacks here has seen everything: all sets that were ever published, the next ones that are
signed and not held here yet, and keys of his own and of one origin that is trusted. Each attack is
a manifest as it travels and the records that come with it; it says what must become of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import cast

from discovery.authority import SIGNATURE_BYTES, Domain
from discovery.deltas import delta_of
from discovery.manifest import MANIFEST_BYTES_MAX, Body
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusal
from failure_detect.packing import Packable, pack, unpack_one
from simulations.sets.assailed import (
    BYTES_MAX,
    NEXT,
    ORIGINS,
    PAST,
    PRESENT,
    RECORDS_MAX,
    STRANGER,
    Assailed,
    Attack,
    Kind,
    SignedSet,
    joined,
    key_of,
    signed,
)


def attacks(kind: Kind, view: Assailed, seed: int) -> Iterator[Attack]:
    """Yield attacks of one kind, without end."""
    rng, makers = Random(f"{seed} {kind}"), _MAKERS[kind]
    while True:
        maker = rng.choice(makers)
        attack = maker(view, rng)
        how = maker.__name__.strip("_").replace("_", " ")
        yield Attack(kind, how, attack.raw, attack.records, attack.expected)


@dataclass(frozen=True, slots=True)
class _Made:
    raw: bytes
    records: RecordSet
    expected: Refusal | None


def _newer(each: SignedSet, rng: Random) -> Body:
    body = each.manifest.body
    return replace(
        body,
        epoch=body.epoch + int(rng.random() * 3),
        version=body.version + 1 + int(rng.random() * 9),
    )


def _changed(records: RecordSet, rng: Random) -> RecordSet:
    return records.updated({b"export/shop/s%d" % int(rng.random() * 99): rng.randbytes(9)})


def _of(body: Body, records: RecordSet) -> Body:
    return replace(
        body, root=records.root, count=records.count, size_bytes=records.size_bytes, departs=False
    )


def _fields(each: SignedSet) -> dict[str, Packable]:
    return cast("dict[str, Packable]", unpack_one(each.manifest.signed, MANIFEST_BYTES_MAX))


def _signed_by_a_stranger(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    records = _changed(each.records, rng)
    body = _of(_newer(each, rng), records)
    signer = key_of(f"mallory-{int(rng.random() * 1_000)}")
    return _Made(signed(body, signer=signer).raw, records, Refusal.SIGNATURE)


def _not_signed(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    records = _changed(each.records, rng)
    body = signed(_of(_newer(each, rng), records)).signed
    made = rng.randbytes(SIGNATURE_BYTES) if rng.random() < 0.8 else bytes(SIGNATURE_BYTES)
    return _Made(joined(body, made), records, Refusal.SIGNATURE)


def _signed_as_something_else(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    records = _changed(each.records, rng)
    body = signed(_of(_newer(each, rng), records)).signed
    domain = rng.choice([domain for domain in Domain if domain is not Domain.MANIFEST])
    signature = key_of(each.manifest.origin).sign(domain, body)
    return _Made(joined(body, signature), records, Refusal.SIGNATURE)


def _of_a_stranger(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    body = replace(_newer(each, rng), origin=STRANGER)
    return _Made(signed(body).raw, each.records, Refusal.UNTRUSTED)


def _of_another_generation(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    body = replace(_newer(each, rng), generation=2 + int(rng.random() * 9))
    return _Made(signed(body).raw, each.records, Refusal.GENERATION)


def _altered_record(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    pairs = list(each.records)
    key, value = pairs[int(rng.random() * len(pairs))]
    bit = int(rng.random() * 8 * len(value))
    damaged = bytearray(value)
    damaged[bit // 8] ^= 1 << bit % 8
    records = each.records.updated({key: bytes(damaged)})
    return _Made(each.manifest.raw, records, Refusal.ROOT)


def _two_records_exchanged(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    (one, its), *rest = each.records
    other, theirs = next(pair for pair in rest if pair[1] != its)
    records = each.records.updated({one: theirs, other: its})
    return _Made(each.manifest.raw, records, Refusal.ROOT)


_ALTERATIONS: tuple[Callable[[Body, Random], Body], ...] = (
    lambda body, rng: replace(body, version=body.version + 1 + int(rng.random() * 1_000)),
    lambda body, rng: replace(body, epoch=body.epoch + 1 + int(rng.random() * 1_000)),
    lambda body, rng: replace(body, root=rng.randbytes(32)),
    lambda body, rng: replace(body, count=max(0, body.count - 1 - int(rng.random() * 3))),
    lambda body, rng: replace(body, size_bytes=body.size_bytes - 1 - int(rng.random() * 9)),
    lambda body, rng: replace(body, lifetime_s=1 + int(rng.random() * 3_000)),
    lambda body, rng: replace(body, signed_at_ms=1 + int(rng.random() * 3_000)),
    lambda body, rng: replace(body, audience=(f"c{int(rng.random() * 9)}",)),
    lambda body, rng: replace(body, uid=f"of {int(rng.random() * 1_000)}"),
)


def _altered_field(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    body = signed(rng.choice(_ALTERATIONS)(each.manifest.body, rng)).signed
    return _Made(joined(body, each.manifest.signature), each.records, Refusal.SIGNATURE)


def _added_field(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    fields = {**_fields(each), "zz": int(rng.random() * 1_000)}
    made = joined(pack(fields), each.manifest.signature)
    return _Made(made, each.records, Refusal.SIGNATURE)


def _altered_signature(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    signature = bytearray(each.manifest.signature)
    bit = int(rng.random() * 8 * SIGNATURE_BYTES)
    signature[bit // 8] ^= 1 << bit % 8
    made = joined(each.manifest.signed, bytes(signature))
    return _Made(made, each.records, Refusal.SIGNATURE)


def _what_is_held(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    return _Made(each.manifest.raw, each.records, None)


def _what_is_held_with_other_records(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    return _Made(each.manifest.raw, _changed(each.records, rng), None)


def _what_is_held_in_other_clothes(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    made = joined(each.manifest.signed, rng.randbytes(SIGNATURE_BYTES))
    return _Made(made, each.records, None)


def _what_is_held_with_a_certificate(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    certificate = rng.randbytes(1 + int(rng.random() * 200))
    parts: list[Packable] = [each.manifest.signed, each.manifest.signature, certificate]
    return _Made(pack(parts), each.records, Refusal.MALFORMED)


def _what_is_held_with_another_lifetime(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    body = signed(replace(each.manifest.body, lifetime_s=1 + int(rng.random() * 3_000))).signed
    # Of one order and root: only the higher bytes would replace what is held, were they signed.
    expected = Refusal.SIGNATURE if body > each.manifest.signed else None
    return _Made(joined(body, each.manifest.signature), each.records, expected)


def _the_past(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PAST)
    return _Made(each.manifest.raw, each.records, None)


def _the_past_as_something_newer(view: Assailed, rng: Random) -> _Made:
    past = view.pick(rng, PAST)
    newer = view.sets[past.manifest.origin][NEXT]
    return _Made(newer.manifest.raw, past.records, Refusal.ROOT)


def _the_past_of_one_that_is_gone(view: Assailed, rng: Random) -> _Made:
    past, present = view.gone
    below = replace(_of(past.manifest.body, _changed(past.records, rng)), epoch=4)
    records = past.records if rng.random() < 0.5 else present.records
    raw = past.manifest.raw if rng.random() < 0.5 else signed(below).raw
    return _Made(raw, records, None)


def _an_older_epoch_with_a_higher_version(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    records = _changed(each.records, rng)
    body = _of(each.manifest.body, records)
    body = replace(body, epoch=body.epoch - 1, version=body.version + int(rng.random() * 1_000))
    return _Made(signed(body).raw, records, None)


def _an_older_generation(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    records = _changed(each.records, rng)
    body = _of(_newer(each, rng), records)
    return _Made(signed(replace(body, generation=0)).raw, records, None)


def _without_some_records(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    pairs = list(each.records)
    count = 1 + int(rng.random() * len(pairs))
    gone = [key for key, _ in rng.sample(pairs, count)]
    return _Made(each.manifest.raw, each.records.updated({}, gone), Refusal.ROOT)


def _without_what_is_new(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    held = view.sets[each.manifest.origin][PRESENT].records
    new = [change.key for change in each.records.changes_since(held) if change.before is None]
    return _Made(each.manifest.raw, each.records.updated({}, new), Refusal.ROOT)


def _without_a_change(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    held = view.sets[each.manifest.origin][PRESENT].records
    changes = each.records.changes_since(held)
    kept = changes[int(rng.random() * len(changes))]
    others = delta_of(change for change in changes if change is not kept)
    return _Made(each.manifest.raw, others.applied(held), Refusal.ROOT)


def _with_what_it_had(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    before = view.sets[each.manifest.origin][PAST if rng.random() < 0.5 else PRESENT].records
    # There is one at least: each set has lost a record of the one before.
    gone = [one for one in each.records.changes_since(before) if one.after is None]
    chosen = gone[int(rng.random() * len(gone))]
    again = {chosen.key: chosen.before or b""}
    return _Made(each.manifest.raw, each.records.updated(again), Refusal.ROOT)


def _with_all_that_ever_was(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    past, present, _ = view.sets[each.manifest.origin]
    ever = {**dict(past.records), **dict(present.records), **dict(each.records)}
    return _Made(each.manifest.raw, RecordSet.of(ever), Refusal.ROOT)


def _with_one_that_never_was(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, NEXT)
    records = each.records.updated({b"export/new/x%d" % int(rng.random() * 1_000): b"x"})
    return _Made(each.manifest.raw, records, Refusal.ROOT)


def _two(view: Assailed, rng: Random, which: int) -> tuple[SignedSet, SignedSet]:
    one, other = rng.sample(ORIGINS, 2)
    return view.sets[one][which], view.sets[other][which]


def _records_of_another(view: Assailed, rng: Random) -> _Made:
    each, other = _two(view, rng, NEXT)
    return _Made(each.manifest.raw, other.records, Refusal.ROOT)


def _a_record_of_another(view: Assailed, rng: Random) -> _Made:
    each, other = _two(view, rng, NEXT)
    pairs = [pair for pair in other.records if each.records.get(pair[0]) != pair[1]]
    key, value = pairs[int(rng.random() * len(pairs))]
    return _Made(each.manifest.raw, each.records.updated({key: value}), Refusal.ROOT)


def _signed_by_another_that_is_trusted(view: Assailed, rng: Random) -> _Made:
    each, other = _two(view, rng, PRESENT)
    records = other.records
    body = _of(_newer(each, rng), records)
    signer = key_of(other.manifest.origin)
    return _Made(signed(body, signer=signer).raw, records, Refusal.SIGNATURE)


def _signature_of_another(view: Assailed, rng: Random) -> _Made:
    each, other = _two(view, rng, NEXT)
    made = joined(each.manifest.signed, other.manifest.signature)
    return _Made(made, each.records, Refusal.SIGNATURE)


def _name_of_another(view: Assailed, rng: Random) -> _Made:
    each, other = _two(view, rng, NEXT)
    body = replace(each.manifest.body, origin=other.manifest.origin, version=9)
    made = joined(signed(body).signed, each.manifest.signature)
    return _Made(made, each.records, Refusal.SIGNATURE)


def _too_many_records(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    more = {b"k%d" % at: b"" for at in range(RECORDS_MAX + 1 + int(rng.random() * 9))}
    records = EMPTY.updated(more)
    return _Made(signed(_of(_newer(each, rng), records)).raw, records, Refusal.OVERSIZED)


def _too_many_bytes(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    records = each.records.updated({b"large": bytes(BYTES_MAX + int(rng.random() * 1_000))})
    return _Made(signed(_of(_newer(each, rng), records)).raw, records, Refusal.OVERSIZED)


def _too_much_is_claimed(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    body, claimed = _newer(each, rng), 1 << 20 + int(rng.random() * 42)
    more = replace(body, count=claimed), replace(body, size_bytes=claimed)
    return _Made(signed(rng.choice(more)).raw, each.records, Refusal.OVERSIZED)


def _less_is_claimed(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    records = each.records.updated({b"large": bytes(BYTES_MAX + int(rng.random() * 1_000))})
    body = replace(_of(_newer(each, rng), records), size_bytes=100)
    return _Made(signed(body).raw, records, Refusal.ROOT)


def _a_long_manifest(view: Assailed, rng: Random) -> _Made:
    each = view.pick(rng, PRESENT)
    padding = "x" * (MANIFEST_BYTES_MAX + int(rng.random() * 1_000))
    body = pack({**_fields(each), "v": 99, "zz": padding})
    signature = key_of(each.manifest.origin).sign(Domain.MANIFEST, body)
    return _Made(joined(body, signature), each.records, Refusal.OVERSIZED)


_MAKERS: dict[Kind, tuple[Callable[[Assailed, Random], _Made], ...]] = {
    Kind.FORGED: (
        _signed_by_a_stranger,
        _not_signed,
        _signed_as_something_else,
        _of_a_stranger,
        _of_another_generation,
    ),
    Kind.ALTERED: (
        _altered_record,
        _two_records_exchanged,
        _altered_field,
        _added_field,
        _altered_signature,
    ),
    Kind.REPLAYED: (
        _what_is_held,
        _what_is_held_with_other_records,
        _what_is_held_in_other_clothes,
        _what_is_held_with_a_certificate,
        _what_is_held_with_another_lifetime,
    ),
    Kind.ROLLED_BACK: (
        _the_past,
        _the_past_as_something_newer,
        _the_past_of_one_that_is_gone,
        _an_older_epoch_with_a_higher_version,
        _an_older_generation,
    ),
    Kind.OMITTED: (_without_some_records, _without_what_is_new, _without_a_change),
    Kind.RESURRECTED: (_with_what_it_had, _with_all_that_ever_was, _with_one_that_never_was),
    Kind.FOREIGN: (
        _records_of_another,
        _a_record_of_another,
        _signed_by_another_that_is_trusted,
        _signature_of_another,
        _name_of_another,
    ),
    Kind.OVERSIZED: (
        _too_many_records,
        _too_many_bytes,
        _too_much_is_claimed,
        _less_is_claimed,
        _a_long_manifest,
    ),
}
