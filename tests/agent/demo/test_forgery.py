"""The forger's set is well made: nothing is wrong with it but the key."""

from agent.demo.forgery import forged
from agent.key_files import ClusterKey
from discovery.names import Origin
from discovery.signing import NaclVerifier, SigningKey


def test_a_forged_set_is_signed_by_the_forgers_key_alone() -> None:
    own, other = SigningKey.from_seed(bytes(32)), SigningKey.from_seed(b"1" * 32)
    manifest = forged(ClusterKey(Origin("east"), 1, own))
    assert manifest.origin == "east"
    assert manifest.is_signed_by(own.public, NaclVerifier())
    assert not manifest.is_signed_by(other.public, NaclVerifier())
    assert manifest.body.epoch > 1_700_000_000_000
