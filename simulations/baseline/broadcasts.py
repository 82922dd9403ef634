"""What a member still has to say: each claim a limited number of times, the freshest first."""

from simulations.baseline.formulas import retransmit_limit
from simulations.baseline.wire import Name

_CLAIM_BYTES_LEAST = 28


class Broadcasts:
    """One encoded claim per subject, ordered by how often it was sent (`queue.go`).

    Of those sent equally often the longest goes first, then the newest.
    """

    def __init__(self, retransmit_mult: int) -> None:
        self._mult = retransmit_mult
        self._sequence = 0
        # (times sent, -bytes, -sequence, subject, claim), sorted.
        self._queue: list[tuple[int, int, int, Name, bytes]] = []

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, subject: Name, claim: bytes) -> None:
        """Spread `claim`, in place of what was still to be said about `subject`."""
        self._queue = [each for each in self._queue if each[3] != subject]
        self._sequence += 1
        self._queue.append((0, -len(claim), -self._sequence, subject, claim))
        self._queue.sort()

    def take(self, budget: int, overhead: int, members: int) -> list[bytes]:
        """Return the claims that fit into `budget` bytes, each with `overhead`, and count them.

        A claim sent as often as a pool of `members` asks for is forgotten.
        """
        if not self._queue:
            return []
        limit = retransmit_limit(self._mult, members)
        taken: list[bytes] = []
        kept: list[tuple[int, int, int, Name, bytes]] = []
        for index, each in enumerate(self._queue):
            if budget < overhead + _CLAIM_BYTES_LEAST:
                kept += self._queue[index:]
                break
            sent, length, sequence, subject, claim = each
            if overhead - length > budget:
                kept.append(each)
                continue
            budget += length - overhead
            taken.append(claim)
            if sent + 1 < limit:
                kept.append((sent + 1, length, sequence, subject, claim))
        kept.sort()
        self._queue = kept
        return taken

    def subjects(self) -> list[Name]:
        """Return whom the claims are about."""
        return [each[3] for each in self._queue]
