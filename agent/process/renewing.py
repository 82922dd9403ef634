"""Keys, certificates and settings that change while the agent runs.

Key files are looked at every second and at SIGHUP; files that do not fit together change nothing,
and the fault is shown until they do. Certificates are made anew when half of their life is over.
"""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import trio

from agent.core.events import CertificatesMade, CertificatesWanted, Event, OwnNodeSeen
from agent.credentials import Credentials, CredentialsError, read_key_ring
from agent.key_files import KeyFileError
from agent.local.facts import Fault
from agent.objects import Document
from agent.process.chartering import keys_of
from agent.process.placing import PlaceError, host_address, place_of
from agent.process.saving import Saving
from agent.settings_file import Settings
from discovery.names import Origin

EVERY_S = 1.0

RIVALRY_RISES, RIVALRY_MS = 3, 300_000
"""So many higher start numbers within that time (ms), and there are two agents of this node."""


class Renewing:
    """Follows the key files of one agent."""

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials,
        saving: Saving,
        inbox: "trio.MemorySendChannel[Event]",
        wall_ms: Callable[[], int],
        renewed: Callable[[CertificatesMade], None],
    ) -> None:
        """Go on from `credentials`, made of the files that `settings` names.

        `renewed` is told of other certificates before the core is.
        """
        self._renewed = renewed
        self._settings = settings
        self._credentials = credentials
        self._saving = saving
        self._inbox = inbox
        self._wall_ms = wall_ms
        self._marks = self._look()
        self._nudge = trio.Event()
        self._fault: Fault | None = None
        self._rises: deque[int] = deque(maxlen=RIVALRY_RISES)
        """When, by the wall clock, another process of this node had to be outdone."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the key files now; what was in force before stays."""
        found = () if self._fault is None else (self._fault,)
        return (*found, *self._rivals())

    def _rivals(self) -> Iterator[Fault]:
        lately = self._wall_ms() - RIVALRY_MS
        if sum(at >= lately for at in self._rises) >= RIVALRY_RISES:
            what = "another process says again and again that it is the agent of this node"
            remedy = "stop the other agent, or give each of the two its own node: in its settings"
            yield Fault(f"node {self._settings.node}", what, remedy)

    def problems(self) -> list[str]:
        """Return what a person should see to, though it works."""
        return self._credentials.ring.problems(self._wall_ms())

    def read_again(self) -> None:
        """Read all files again now."""
        self._marks = ()
        self._nudge.set()

    async def run(self) -> None:
        """Follow the files until cancelled."""
        while True:
            self._nudge = trio.Event()
            marks = self._look()
            if marks != self._marks:
                self._marks = marks
                await self._read()
            if self._credentials.is_due(self._wall_ms()):
                self._credentials.renew(self._wall_ms())
                await self._tell_certificates()
            with trio.move_on_after(EVERY_S):
                await self._nudge.wait()

    async def make(self, why: CertificatesWanted | OwnNodeSeen) -> None:
        """Make certificates of a higher start number, or of another place."""
        if isinstance(why, OwnNodeSeen):
            await self._move(why.document)
            return
        if why.start > self._credentials.start:
            self._rises.append(self._wall_ms())
            start = self._credentials.rise(why.start, self._wall_ms())
            await self._saving.save_start(start)  # Before it is used.
        await self._tell_certificates()

    async def _move(self, node: Document | None) -> None:
        if node is None:
            return  # Who takes the object away takes the node away, and this process with it.
        try:
            place = place_of(self._settings, node, host_address())
        except PlaceError:
            return
        if place != self._credentials.place:
            self._credentials.move(place, self._wall_ms())
            await self._tell_certificates()

    async def _read(self) -> None:
        keys = self._settings.config.keys
        try:
            ring = read_key_ring(
                Origin(self._settings.config.cluster),
                keys.cluster,
                keys.fleet_certificate,
                keys.revocations,
            )
            is_new = self._credentials.use(ring, self._wall_ms())
        except (KeyFileError, CredentialsError) as error:
            self._fault = self._fault_of(error)
            return
        self._fault = None
        await self._inbox.send(keys_of(ring))
        if is_new:
            await self._tell_certificates()

    def _fault_of(self, error: KeyFileError | CredentialsError) -> Fault:
        where, words = self._settings.config.keys.cluster, str(error)
        if isinstance(error, KeyFileError):
            where, words = error.file, error.what
        what, _, remedy = words.rpartition("; ")
        goes_on = "until then the keys that were read last are in force"
        remedy = f"{remedy}; {goes_on}" if what else goes_on
        return Fault(str(where), what or words, remedy, reason="keys")

    async def _tell_certificates(self) -> None:
        made = CertificatesMade(self._credentials.lan, self._credentials.wan)
        self._renewed(made)
        await self._inbox.send(made)

    def _look(self) -> tuple[object, ...]:
        keys = self._settings.config.keys
        return tuple(
            _mark(each) for each in (keys.cluster, keys.fleet_certificate, keys.revocations)
        )


def _mark(file: Path | None) -> object:
    if file is None:
        return None
    try:
        found = file.stat()
    except OSError as error:
        return error.errno
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode, found.st_uid
