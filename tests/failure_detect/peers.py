"""Processes that a test speaks for: they sign in no name but their own."""

from dataclasses import dataclass, replace

from failure_detect.claims import (
    AliveClaim,
    accuse_message,
    alive_message,
    left_message,
    node_message,
    proof_message,
    vouch_message,
)
from failure_detect.config import DetectorConfig
from failure_detect.identity import Address, Identity, MemberId, NodeName, ShortId, short_id
from failure_detect.wire import (
    decode,
    encode_accusations,
    encode_alive,
    encode_left,
    encode_node_report,
    encode_refutation,
)
from simulations.authority import Notary

LAN = DetectorConfig.lan()


@dataclass(frozen=True, slots=True)
class Peer:
    """A process that a test speaks for; it signs in no other name."""

    notary: Notary
    identity: Identity
    pool: bytes = LAN.pool

    @property
    def key(self) -> MemberId:
        return self.identity.member

    @property
    def short(self) -> ShortId:
        return short_id(self.key)

    @property
    def certificate(self) -> bytes:
        return self.notary.certify(self.identity)

    def certified(
        self, *, start: int | None = None, address: str | None = None, node: str | None = None
    ) -> "Peer":
        """The same key with another certificate."""
        was = self.identity
        changed = replace(
            was,
            start=was.start if start is None else start,
            address=was.address if address is None else Address(address),
            node=was.node if node is None else NodeName(node),
        )
        return replace(self, identity=changed)

    def sign(self, message: bytes) -> bytes:
        return self.notary.sign(self.key, message)

    def alive(self, incarnation: int = 1, *, voucher: "Peer | None" = None) -> bytes:
        message = alive_message(self.pool, self.key, incarnation, self.certificate)
        vouch = None
        if voucher is not None:
            signed = vouch_message(self.pool, self.key, incarnation, voucher.key)
            vouch = (voucher.short, voucher.sign(signed))
        return encode_alive(self.certificate, incarnation, self.sign(message), vouch).raw

    def refutation(self, incarnation: int, *, voucher: "Peer | None" = None) -> bytes:
        """The same for those who have the certificate."""
        [whole] = decode(self.alive(incarnation, voucher=voucher), 1_200).items
        assert isinstance(whole, AliveClaim)
        return encode_refutation(self.short, whole).raw

    def left(self, incarnation: int = 1) -> bytes:
        message = left_message(self.pool, self.key, incarnation)
        return encode_left(self.short, incarnation, self.sign(message)).raw

    def accusation(self, subject: "Peer", incarnation: int = 1) -> bytes:
        return self.sign(accuse_message(self.pool, subject.key, incarnation, self.key))

    def proof(self, nonce: bytes) -> bytes:
        return self.sign(proof_message(self.pool, self.key, nonce))

    def report(self, node: NodeName, serial: int, *, silent: bool) -> bytes:
        message = node_message(self.pool, node, self.key, serial, silent=silent)
        signature = self.sign(message)
        return encode_node_report(node, self.short, serial, signature, silent=silent).raw


def accusations(subject: Peer, *accusers: Peer, incarnation: int = 1) -> bytes:
    """What `accusers` signed about `subject`, in one claim."""
    pairs = tuple((each.short, each.accusation(subject, incarnation)) for each in accusers)
    return encode_accusations(subject.short, incarnation, pairs).raw


@dataclass(frozen=True, slots=True)
class Manner:
    """What a scripted peer answers by itself; the rest is the test's."""

    acks: bool = True
    streams: bool = True
    nacks: bool = True
    receipts: bool = True


HONEST = Manner()
SILENT = Manner(acks=False, streams=False, nacks=False, receipts=False)
ABSENT_MINDED = Manner(acks=False, streams=False)
"""Answers no ping, but nacks and gives receipts: a living relay, a silent target."""
