"""Streams: one sealed request and one sealed response, as machines over chunks of bytes.

    caller                                              answerer
      | -- certificate, challenge ------------------------> |
      | <------------------ certificate, challenge -------- |   nothing is verified yet
      | -- sealed: echo, digest; the request's frame -----> |   certificate, seal, echo
      | <--- sealed: echo, digest; the response's frame --- |

The keys are of the two processes (`crypto_kx`), so they are the same for each of their streams;
what makes each one new is the challenge that the other end has to echo under seal. With it goes a
digest of all that was said in clear.

A stream that is for another bridge of our own cluster is to be joined to it, once (`Join`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from agent.wire.chunks import Incoming, frame, opening
from agent.wire.gate import read_member
from agent.wire.header import Pool
from agent.wire.hops import Cluster
from agent.wire.prefaces import (
    CHALLENGE_BYTES,
    Called,
    Preface,
    digest_of,
    hopped_call,
    read_answer,
    read_call,
    read_called,
    write_answer,
    write_call,
)
from agent.wire.reasons import Reason, WireRefused
from agent.wire.sealing import Credentials, Entropy, Push
from discovery.names import PublicKey
from failure_detect.identity import Address, MemberId, short_id


@dataclass(frozen=True, slots=True)
class Write:
    """Write these bytes to the stream."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """A request is whole: `sender` sealed it for us. Answer by `Answerer.respond`."""

    pool: Pool
    sender: MemberId
    data: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """The response is whole: `sender` sealed it for us."""

    sender: MemberId
    data: bytes


@dataclass(frozen=True, slots=True)
class Join:
    """Connect to `address`, write `data`, and copy bytes both ways from then on."""

    address: Address
    data: bytes


Step: TypeAlias = Write | Asked | Answered | Join


class Caller:
    """The end that opened a stream. `receive` and `ended` may raise `WireRefused`: close then."""

    def __init__(
        self, call: Called, data: bytes, credentials: Credentials, entropy: Entropy, most: int
    ) -> None:
        """Ask `data` of whom `call` names; the response may have `most` bytes."""
        self._call = call
        self._data = data
        self._credentials = credentials
        self._most = most
        self._challenge = entropy(CHALLENGE_BYTES)
        own = credentials.certificate
        self._preface = write_call(call.pool, call.to, self._challenge, own)
        self._buffer = bytearray()
        self._incoming: Incoming | None = None
        self._theirs: bytes | None = None
        self._sender = MemberId(b"")
        self._is_over = False

    @property
    def is_believed(self) -> bool:
        """Tell whether the other end is believed now; asks the authority."""
        if self._theirs is None:
            return True
        return self._credentials.authority.identify(self._theirs) is not None

    def begin(self) -> bytes:
        """Return what is to be written first."""
        return self._preface

    def receive(self, data: bytes) -> list[Step]:
        """Take in the next bytes of the stream."""
        if self._is_over:
            raise WireRefused(Reason.MALFORMED, "goes on after its response")
        self._buffer += data
        steps: list[Step] = []
        if self._incoming is None:
            preface = read_answer(self._buffer, self._call.pool)
            if preface is None:
                return []
            steps.append(self._met(preface))
        assert self._incoming is not None, "set as soon as the preface is read"
        response = self._incoming.feed(self._buffer)
        if response is not None:
            self._is_over = True
            steps.append(Answered(self._sender, response))
        return steps

    def ended(self) -> None:
        """Take in the end of the stream: TRUNCATED where the response is not whole."""
        if not self._is_over:
            raise WireRefused(Reason.TRUNCATED, "ended before its response was whole")

    def _met(self, preface: Preface) -> Write:
        member, _ = read_member(self._credentials, preface.certificate)
        if self._call.to not in (None, member):
            raise WireRefused(Reason.WRONG_MEMBER, "another answered than was called")
        ways = self._credentials.keys.call(PublicKey(member))
        if ways is None:
            raise WireRefused(Reason.KEY, "the certified key is none to share a secret with")
        pull, push = ways
        digest = digest_of(self._preface, bytes(self._buffer[: preface.length]))
        del self._buffer[: preface.length]
        self._sender, self._theirs = member, preface.certificate
        self._incoming = Incoming(pull, self._challenge + digest, self._most)
        return Write(opening(push, preface.challenge + digest) + frame(push, self._data))


class Answerer:
    """The end to which a stream was opened. Methods may raise `WireRefused`: close then."""

    def __init__(
        self,
        own: MemberId,
        pools: Mapping[Pool, Credentials],
        cluster: Cluster,
        entropy: Entropy,
        most: int,
    ) -> None:
        """Be `own`, a member of `pools`; the request may have `most` bytes."""
        self._own = own
        self._pools = pools
        self._cluster = cluster
        self._most = most
        self._challenge = entropy(CHALLENGE_BYTES)
        self._buffer = bytearray()
        self._called: Called | None = None
        self._credentials: Credentials | None = None
        self._preface: Preface | None = None
        self._incoming: Incoming | None = None
        self._push: Push | None = None
        self._opening = b""
        self._digest = b""
        self._sender = MemberId(b"")
        self._is_over = False

    @property
    def is_proven(self) -> bool:
        """Tell whether the other end has shown who it is."""
        return self._incoming is not None and self._incoming.is_proven

    @property
    def is_believed(self) -> bool:
        """Tell whether the other end is believed now; asks the authority."""
        if self._credentials is None or self._preface is None:
            return True
        return self._credentials.authority.identify(self._preface.certificate) is not None

    def receive(self, data: bytes) -> list[Step]:
        """Take in the next bytes of the stream; after a `Join` no others may be given."""
        if self._is_over:
            raise WireRefused(Reason.MALFORMED, "goes on after its request")
        self._buffer += data
        if self._called is None:
            self._called = read_called(self._buffer)
            if self._called is None:
                return []
            join = self._other(self._called)
            if join is not None:
                return [join]
        steps: list[Step] = []
        if self._preface is None:
            preface = read_call(self._buffer)
            if preface is None:
                return []
            steps.append(self._answered(self._called, preface))
        return steps + self._asked(self._called)

    def ended(self) -> None:
        """Take in the end of the stream: TRUNCATED where the request is not whole."""
        if not self._is_over:
            raise WireRefused(Reason.TRUNCATED, "ended before its request was whole")

    def respond(self, data: bytes) -> bytes:
        """Return what is to be written as the response; then the stream is to be closed."""
        assert self._push is not None, "there is a response only where there was a request"
        return self._opening + frame(self._push, data)

    def _other(self, called: Called) -> Join | None:
        """Return to whom a stream goes on that is not for us; None where it is."""
        if called.to == self._own or (called.to is None and called.pool in self._pools):
            return None
        if called.is_hop:
            raise WireRefused(Reason.HOPPED, "for another member, and passed on once already")
        address = None
        if called.pool is Pool.WAN:
            address = (
                self._cluster.anyone()
                if called.to is None
                else self._cluster.of_id(short_id(called.to))
            )
        if address is None:
            raise WireRefused(Reason.NOT_OURS, "for a member that is not known here")
        return Join(address, hopped_call(self._buffer))

    def _answered(self, called: Called, preface: Preface) -> Write:
        credentials = self._pools.get(called.pool)
        if credentials is None:
            raise WireRefused(Reason.NO_POOL, f"this agent is no member of {called.pool.value}")
        answer = write_answer(called.pool, self._challenge, credentials.certificate)
        self._digest = digest_of(bytes(self._buffer[: preface.length]), answer)
        del self._buffer[: preface.length]
        self._credentials, self._preface = credentials, preface
        return Write(answer)

    def _asked(self, called: Called) -> list[Step]:
        # Signatures are not looked at before something came that answers what we said.
        if self._incoming is None:
            if not self._buffer:
                return []
            self._incoming = self._met()
        request = self._incoming.feed(self._buffer)
        if request is None:
            return []
        self._is_over = True
        return [Asked(called.pool, self._sender, request)]

    def _met(self) -> Incoming:
        assert self._credentials is not None, "set with the preface"
        assert self._preface is not None, "read before anything sealed"
        member, _ = read_member(self._credentials, self._preface.certificate)
        ways = self._credentials.keys.answer(PublicKey(member))
        if ways is None:
            raise WireRefused(Reason.KEY, "the certified key is none to share a secret with")
        pull, self._push = ways
        self._opening = opening(self._push, self._preface.challenge + self._digest)
        self._sender = member
        return Incoming(pull, self._challenge + self._digest, self._most)
