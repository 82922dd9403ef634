"""One line for each thing that happened, in the words of the machines: a fact's name and fields.

So the log, the metrics and a simulation's trace have one vocabulary. Rule 1: what comes a thousand
times a second is counted elsewhere, not logged. Rule 2: what others choose the words of is cut to a
bounded length. Rule 3: no secret is in any fact.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TextIO

import structlog

from discovery.manifest import Manifest
from discovery.recordset import RecordSet
from failure_detect.identity import Identity

_NUMBERS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
LEVELS = tuple(_NUMBERS)
TEXT_MAX, LIST_MAX = 300, 16

WARNINGS = frozenset(
    {
        *("AlarmRaised", "AgentAlarmRaised", "ClusterAlarmRaised", "ContradictionFound"),
        *("EvidenceKept", "HoldStarted", "InputRefused", "KeyExpired", "SetQuestioned"),
        *("CutOffPresumed", "NodeSilent", "MemberDied", "SetForgotten", "FaultFound"),
    }
)
"""Facts that an operator should look at."""

DETAILS = frozenset(
    {
        *("BroadcastReceived", "FingerprintSeen", "ViewTouched", "SuspicionLifted"),
        *("MemberSuspected", "ReachabilityChanged", "EvidenceChanged", "HolderAsked"),
        *("LeaseRenewed", "Settled", "Applied", "ConditionsChanged", "ClockRead"),
    }
)
"""Facts for whoever looks for a defect."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def event_name(fact: object) -> str:
    """Return the name of a fact as it stands in the log: `member_died`."""
    return _HUMP.sub("_", type(fact).__name__).lower()


def level_of(fact: object) -> str:
    """Return how much a fact concerns an operator."""
    name = type(fact).__name__
    return "warning" if name in WARNINGS else "debug" if name in DETAILS else "info"


def values_of(fact: object) -> dict[str, object]:
    """Return the fields of a fact as plain values, bounded."""
    if not is_dataclass(fact):
        return {}
    return {each.name: shown(getattr(fact, each.name)) for each in fields(fact)}


def shown(value: object) -> object:
    """Return a value as it stands in the log: bytes as hex, sets of records as their number."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return value if len(value) <= TEXT_MAX else value[: TEXT_MAX - 1] + "…"
    return value[:8].hex() if isinstance(value, bytes) else _shown_compound(value)


def _shown_compound(value: object) -> object:
    match value:
        case Manifest():
            return f"{value.origin}/{'.'.join(map(str, value.order[:3]))}"
        case RecordSet():
            return value.count
        case Identity():
            return f"{value.group}/{value.node}#{value.start}"
        case Mapping():
            pairs = list(value.items())[:LIST_MAX]
            return {str(shown(key)): shown(each) for key, each in pairs}
        case Iterable():
            return [shown(each) for each in list(value)[:LIST_MAX]]
        case _:
            has_words = type(value).__str__ is not object.__str__ or not is_dataclass(value)
            return shown(str(value)) if has_words else values_of(value)


class Log:
    """Writes facts and words of one agent. A log that cannot be written stops nothing."""

    def __init__(
        self, out: TextIO, *, level: str, as_json: bool, context: Mapping[str, str]
    ) -> None:
        """Write to `out` from `level` on; `context` (cluster, node) stands in each line."""
        self._out, self._as_json, self._context = out, as_json, dict(context)
        self._logger = self._made(level)
        self.lost = 0
        """Lines that could not be written."""

    def use_level(self, level: str) -> None:
        """Write from this level on."""
        self._logger = self._made(level)

    def _made(self, level: str) -> structlog.typing.FilteringBoundLogger:
        renderer: structlog.typing.Processor = (
            structlog.processors.JSONRenderer(ensure_ascii=True)
            if self._as_json
            else structlog.dev.ConsoleRenderer(colors=self._out.isatty())
        )
        logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
            structlog.PrintLogger(self._out),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                renderer,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[level]),
        )
        return logger.bind(**self._context)

    def fact(self, fact: object, pool: Enum | None = None) -> None:
        """Write what happened, and in which pool."""
        where = {} if pool is None else {"pool": pool.value}
        self.say(level_of(fact), event_name(fact), where | values_of(fact))

    def say(self, level: str, event: str, values: Mapping[str, object]) -> None:
        """Write one line; `event` is a constant in the past tense."""
        try:
            self._logger.log(_NUMBERS[level], event, **values)
        except OSError:
            self.lost += 1
