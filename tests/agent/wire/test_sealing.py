"""The one implementation of production is what the contracts ask for, in the sizes they name."""

from agent.wire import sealing
from agent.wire.sealing import Credentials, Keys, certified_versions
from discovery import signing
from discovery.agent_authority import AgentAuthority, Scope
from failure_detect.identity import Address, MemberId
from tests.agent.wire.ends import book_of, certificate_of, key_of
from tests.discovery.trusted import HOME, VERIFIER


def test_the_keys_of_production_are_such_keys() -> None:
    keys: Keys = key_of(HOME, "one")
    assert keys.box(key_of(HOME, "two").public) is not None
    assert sealing.SEAL_BYTES == signing.SEAL_BYTES
    assert sealing.STREAM_HEAD_BYTES == signing.STREAM_HEAD_BYTES
    assert sealing.STREAM_SEAL_BYTES == signing.STREAM_SEAL_BYTES


def test_versions_are_read_out_of_a_certificate() -> None:
    certificate = certificate_of(HOME, "one", Address("192.0.2.1:7400"), versions=(2, 5))
    assert certified_versions(certificate) == (2, 5)
    assert certified_versions(b"none") == (0, 0)


def test_credentials_name_the_member_and_can_be_renewed() -> None:
    key = key_of(HOME, "one")
    authority = AgentAuthority(key, book_of(HOME), VERIFIER, Scope.LAN)
    credentials = Credentials(keys=key, certificate=b"1", authority=authority)
    assert credentials.member == MemberId(key.public)
    renewed = credentials.renewed(b"2")
    assert (renewed.certificate, renewed.keys, credentials.certificate) == (b"2", key, b"1")
