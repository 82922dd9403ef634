"""What must hold at the end of every run, whatever was measured: else the run is worth nothing.

Each function raises `UnsafeError`, or fails by an assertion of a machine's own.
"""

from collections.abc import Iterable

from discovery.endpoints import Endpoint, decode_endpoints
from discovery.keys import Kind, parse_key
from discovery.manifest import Order
from discovery.names import Origin
from discovery.recordset import RecordSet
from simulations.sets.stage import Stage

_SHOWN = 3


class UnsafeError(AssertionError):
    """Something was lost, or is held where it must not be; the message says what and where."""


def check_machines(stage: Stage) -> None:
    """Assert the invariants of every machine that runs."""
    for place in stage.running():
        stage.machine(place).check_invariants()


def holdings(stage: Stage, place: int) -> dict[Origin, tuple[Order, bytes]]:
    """Return the order and the root of every set that a bridge holds."""
    held = stage.bridge(place).catalog
    return {each.manifest.origin: (each.manifest.order, each.records.root) for each in held}


def check_equal(stage: Stage, places: Iterable[int] | None = None) -> None:
    """Raise where two bridges hold different sets; all that run, or those at `places`."""
    first, *others = stage.running() if places is None else places
    expected = holdings(stage, first)
    for place in others:
        found = holdings(stage, place)
        if found != expected:
            keys = sorted(expected.keys() | found.keys())
            differ = [key for key in keys if expected.get(key) != found.get(key)]
            raise UnsafeError(f"{place} and {first} differ in {_shown(differ)}")


def check_exported(stage: Stage, place: int) -> None:
    """Raise where a bridge does not hold exactly the endpoints that clusters with bridges export.

    What their sources say must have been published, and must have come.
    """
    for cluster in sorted(set(stage.places)):
        origin, exports = stage.origin(cluster), stage.exports[cluster]
        held = stage.bridge(place).catalog.get(origin)
        if held is None:
            raise UnsafeError(f"{place} holds nothing of {origin}")
        wanted = {each for service in exports.services for each in exports.endpoints(service)}
        differ = wanted ^ _endpoints(held.records)
        if differ:
            raise UnsafeError(f"{place} and {origin} differ in {_shown(sorted(differ))}")


def check_held(stage: Stage, place: int, origins: Iterable[Origin]) -> None:
    """Raise where a bridge holds sets of others than these, or lacks one of them."""
    differ = holdings(stage, place).keys() ^ set(origins)
    if differ:
        raise UnsafeError(f"{place} should hold, or not hold, {_shown(sorted(differ))}")


def _endpoints(records: RecordSet) -> set[Endpoint]:
    found: set[Endpoint] = set()
    for key, value in records:
        if parse_key(key).kind is Kind.ENDPOINTS:
            found.update(decode_endpoints(value, "endpoints").endpoints)
    return found


def _shown(items: list[Origin] | list[Endpoint]) -> str:
    shown = ", ".join(map(str, items[:_SHOWN]))
    return shown if len(items) <= _SHOWN else f"{shown} and {len(items) - _SHOWN} more"
