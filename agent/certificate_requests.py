"""How an agent without the cluster key gets its certificates: it asks a bridge that has the key.

The question travels on a stream that the asker's own key secures, to a bridge that the asker has
verified by the cluster's public key; the bridge has the token reviewed by the API server. Rule 1:
the process key is the stream's, so nobody gets a certificate of another's key. Rule 2: node and
addresses come from what was reviewed, never from the question. Rule 3: who has not the cluster key
is certified as one that has it not, and can be no bridge. Rule 4: the answer is judged like any
other certificate before it is used.

    question   m  member id    s  start number    v  [min, max] protocol versions    t  token
    answer     l  certificate for lan    w  certificate for wan    or    x  why there is none
"""

from dataclasses import dataclass, replace

from agent.credentials import LIFETIME_MS, CredentialsError, KeyRing, Place
from discovery.certificates import (
    AGENT_CERTIFICATE_BYTES_MAX,
    VERSION_MAX,
    AgentBody,
    Roles,
    issue_agent_certificate,
)
from discovery.fields import Fields, packed
from discovery.refusals import Refusal, Refused
from discovery.trust import TrustBook
from failure_detect.identity import MEMBER_ID_BYTES, MemberId

QUESTION_BYTES_MAX = 16_384
"""A bound ServiceAccount token has one to two thousand bytes."""

ANSWER_BYTES_MAX = 2 * AGENT_CERTIFICATE_BYTES_MAX + 64
TOKEN_CHARACTERS_MAX = 12_288
WHY_CHARACTERS_MAX = 200
WITHOUT_KEY = Roles(holds_key=False, may_bridge=False)


@dataclass(frozen=True, slots=True)
class CertificateQuestion:
    """What an agent says when it asks."""

    member: MemberId
    start: int
    versions: tuple[int, int]
    token: str
    """Of its ServiceAccount, bound to its Pod and to our audience. Never logged."""

    def __repr__(self) -> str:
        """Return it without the token."""
        return f"CertificateQuestion(member={self.member.hex()}, start={self.start})"


@dataclass(frozen=True, slots=True)
class CertificatePair:
    """An agent's certificates, as they travel."""

    lan: bytes
    wan: bytes


def encode_question(question: CertificateQuestion) -> bytes:
    """Return a question as bytes; ValueError where the token is too long to be sent."""
    if len(question.token) > TOKEN_CHARACTERS_MAX:
        raise ValueError(f"token: must have at most {TOKEN_CHARACTERS_MAX} characters")
    return packed(
        {
            "m": question.member,
            "s": question.start,
            "v": list(question.versions),
            "t": question.token,
        }
    )


def decode_question(data: bytes, peer: MemberId) -> CertificateQuestion:
    """Return what `peer`, whose key secures the stream, asks. Raises `Refused`."""
    # A refusal names the field, never its value: it may be the token.
    fields = Fields("certificate question", data, QUESTION_BYTES_MAX)
    member = MemberId(fields.octets("m", exactly=MEMBER_ID_BYTES))
    if member != peer:
        raise Refused(Refusal.KEY, "certificate question.m: is not the key of this stream")
    token = fields.value("t")
    if not isinstance(token, str) or not 0 < len(token) <= TOKEN_CHARACTERS_MAX:
        raise fields.refuse("t", f"must be a text of 1 to {TOKEN_CHARACTERS_MAX} characters")
    match fields.sequence("v", most=2):
        case (int() as least, int() as most) if 1 <= least <= most <= VERSION_MAX:
            return CertificateQuestion(member, fields.integer("s"), (least, most), token)
        case _:
            raise fields.refuse("v", f"must be two versions from 1 to {VERSION_MAX}, rising")


def issue_pair(
    question: CertificateQuestion, reviewed: Place, ring: KeyRing, wall_ms: int
) -> CertificatePair:
    """Return certificates for who asked, at the place that the API server says it is.

    Raises `CredentialsError` where they cannot be made.
    """
    body = AgentBody(
        member=question.member,
        node=reviewed.node,
        start=question.start,
        address=reviewed.lan,
        node_address=reviewed.node_address,
        origin=reviewed.cluster,
        generation=ring.key.generation,
        not_after_ms=wall_ms + LIFETIME_MS,
        versions=question.versions,
        roles=WITHOUT_KEY,
    )
    try:
        lan = issue_agent_certificate(body, ring.key.signer, ring.certificate)
        other = replace(body, address=reviewed.wan)
        wan = issue_agent_certificate(other, ring.key.signer, ring.certificate)
    except ValueError as error:
        raise CredentialsError(f"certificate of {reviewed.node}: {error}") from error
    return CertificatePair(lan.raw, wan.raw)


def encode_answer(answer: CertificatePair | str) -> bytes:
    """Return certificates, or in words why there are none, as bytes."""
    if isinstance(answer, str):
        return packed({"x": answer[:WHY_CHARACTERS_MAX]})
    return packed({"l": answer.lan, "w": answer.wan})


def decode_answer(data: bytes, question: CertificateQuestion, book: TrustBook) -> CertificatePair:
    """Return the certificates of an answer, which are ours and believed by `book`.

    Raises `Refused`, also where the bridge says that there are none, and why.
    """
    fields = Fields("certificate answer", data, ANSWER_BYTES_MAX)
    if fields.has("x"):
        why = fields.text("x", most=WHY_CHARACTERS_MAX)
        raise Refused(Refusal.UNTRUSTED, f"certificate answer: the bridge refuses: {why}")
    pair = CertificatePair(
        *(fields.octets(name, most=AGENT_CERTIFICATE_BYTES_MAX) for name in ("l", "w"))
    )
    for name, raw in (("l", pair.lan), ("w", pair.wan)):
        body = book.verify_agent(raw).body
        if (body.member, body.start, body.origin) != (question.member, question.start, book.own):
            raise fields.refuse(name, "is of another agent, start or cluster")
    return pair
