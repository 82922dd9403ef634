"""What a file says, and which objects that it had are to stay."""

import pytest

from agent.objects import NODE, SERVICE, ObjectKey
from agent.stores.faults import FaultReason
from agent.stores.reading import content_digest, read_file
from agent.stores.served import ServedKinds
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.site import WEB, export, service

API = ObjectKey(SERVICE, "shop", "api")
GOOD = to_yaml(service())


def keeps(content: str, key: ObjectKey = API) -> bool:
    return read_file("x.yaml", content.encode(), ServedKinds()).keeps(key)


def test_a_good_file_says_all_that_it_has() -> None:
    reading = read_file("x.yaml", GOOD.encode(), ServedKinds())
    assert list(reading.claims) == [WEB]
    assert reading.claims[WEB].line == 4
    assert reading.claims[WEB].digest == reading.admitted[WEB].digest
    assert reading.faults == []
    assert not reading.keeps(API)
    assert not reading.keeps(WEB), "it has that"


def test_without_a_namespace_an_object_is_in_the_default_one() -> None:
    content = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
    (key,) = read_file("x.yaml", content.encode(), ServedKinds()).claims
    assert key.namespace == "default"


def test_json_and_a_byte_order_mark_are_read() -> None:
    content = b'{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}}'
    assert list(read_file("x.json", content, ServedKinds()).claims) == [ObjectKey(NODE, "", "n1")]
    assert list(read_file("x.yaml", b"\xef\xbb\xbf" + GOOD.encode(), ServedKinds()).claims) == [WEB]


@pytest.mark.parametrize(
    "content",
    ["", "# nothing\n", "a: [", GOOD + "---\nno: 1\n", GOOD + "---\nkind: Service\n", "- a\n"],
)
def test_what_may_be_any_object_keeps_them_all(content: str) -> None:
    assert keeps(content)


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace("name: web", "name: web_1"),
        GOOD.replace("apiVersion: v1", "apiVersion: v9"),
        GOOD + "---\n" + to_yaml(export()),
        GOOD + "---\n" + GOOD,
    ],
)
def test_what_is_known_to_be_another_object_keeps_no_other(content: str) -> None:
    assert not keeps(content)


def test_an_object_that_is_said_badly_is_kept_itself() -> None:
    broken = GOOD.replace("apiVersion: v1", "apiVersion: v9")
    assert keeps(broken, WEB)
    assert keeps(GOOD.replace("  labels:\n", "  labels:\n    a: 1\n"), WEB)


def test_bytes_that_are_no_utf_8_are_told_by_line() -> None:
    (fault,) = read_file("x.yaml", b"a: 1\nb: \xfe\n", ServedKinds()).faults
    assert (fault.reason, fault.line) == (FaultReason.ENCODING, 2)
    assert "0xfe" in fault.problem


def test_contents_are_told_apart() -> None:
    assert content_digest(b"a") != content_digest(b"b")
    assert content_digest(b"a") == content_digest(b"a")
