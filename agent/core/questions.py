"""What this agent asks bridges of its own cluster in its local API's name, one after the other.

A bridge that does not answer is followed by another one; where none does there is no document.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.core.events import LocalAnswered
from agent.core.lan_member import LanMember
from agent.core.office import Answer, Ask
from failure_detect.clock import SECOND, Duration
from failure_detect.events import SendRequest
from failure_detect.identity import Address, MemberId

TIMEOUT: Duration = 3 * SECOND
OPEN_MAX = 64
"""Questions under way; more are answered at once: try again."""


@dataclass(slots=True)
class _Open:
    number: int
    ask: Ask
    left: list[tuple[MemberId, Address]] = field(default_factory=list)


class Questions:
    """What was asked, and of whom it may be asked next."""

    def __init__(self, lan: LanMember) -> None:
        """Ask over the streams of `lan`."""
        self._lan = lan
        self._open: dict[int, _Open] = {}

    def ask(
        self, number: int, ask: Ask, bridges: Sequence[tuple[MemberId, Address]]
    ) -> SendRequest | LocalAnswered:
        """Begin to ask `bridges`, the first one first."""
        if len(self._open) >= OPEN_MAX:
            return LocalAnswered(number, 429, None)
        return self._next(_Open(number, ask, list(bridges)))

    def answered(self, asked: int, answer: Answer | None) -> SendRequest | LocalAnswered | None:
        """Take the answer to what was asked; None where nobody waits for it."""
        question = self._open.pop(asked, None)
        if question is None:
            return None
        if answer is None:
            return self._next(question)
        return LocalAnswered(question.number, answer.status, answer.body)

    def _next(self, question: _Open) -> SendRequest | LocalAnswered:
        if not question.left:
            return LocalAnswered(question.number, 503, None)
        member, address = question.left.pop(0)
        asked, order = self._lan.ask(member, address, question.ask, TIMEOUT)
        self._open[asked] = question
        return order
