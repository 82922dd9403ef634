"""How an `alive` claim is gossiped: without the certificate, where everybody must have it by now.

A certificate is two thirds of a claim, and hardly ever news: a refutation or a return leaves it
out. Who lacks it, or has another one, refuses the short form and learns the claim by comparing
lists, where it travels whole.
"""

from failure_detect.claims import AliveClaim, Refutation, mark_of
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.members import Member
from failure_detect.wire import encode_alive, encode_refutation

SETTLED: Duration = 10 * SECOND
"""So long after a certificate became known it is taken to be known by all."""


def word_of(member: Member, claim: AliveClaim, now: Instant) -> bytes:
    """Return the bytes by which `claim` about `member` is told at `now`.

    Those of the claim itself while its certificate is new here, or where it has fields of a
    later version; else the refutation that it came as, or is made into one.
    """
    if claim.certificate != member.certificate or now - member.certified_at < SETTLED:
        return claim.raw
    if claim.short:
        return claim.short
    vouch = None
    if claim.voucher is not None and claim.vouch is not None:
        vouch = (claim.voucher, claim.vouch)
    plain = encode_alive(claim.certificate, claim.incarnation, claim.signature, vouch)
    return encode_refutation(member.short, claim).raw if plain.raw == claim.raw else claim.raw


def expand(refutation: Refutation, member: Member) -> AliveClaim | None:
    """Return the whole claim; None where we have another certificate of the member."""
    if mark_of(member.certificate) != refutation.mark:
        return None
    vouch = None
    if refutation.voucher is not None and refutation.vouch is not None:
        vouch = (refutation.voucher, refutation.vouch)
    whole = encode_alive(member.certificate, refutation.incarnation, refutation.signature, vouch)
    return AliveClaim(
        whole.certificate,
        whole.incarnation,
        whole.signature,
        whole.voucher,
        whole.vouch,
        whole.raw,
        refutation.raw,
    )
