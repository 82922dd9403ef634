"""The examples of objects in the documentation are such as the program reads them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.mirror import Mirror
from agent.objects import (
    KINDS,
    OURS,
    SERVICE_EXPORT,
    Document,
    ObjectKey,
    key_of,
    kind_of,
    map_at,
    text_at,
)
from agent.sources.cluster_facts import DrainRead, read_drain
from agent.sources.exports import ExportReader
from agent.yaml_text import read_documents
from discovery.names import ServiceName
from discovery.policy import read_policy
from discovery.trust_objects import read_trust_object

DOCS = Path(__file__).resolve().parent.parent / "docs"
WEB = ServiceName("shop", "web")


def examples(page: str) -> list[Document]:
    blocks = re.findall(
        r"^```yaml\n(.*?)^```$", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE
    )
    return [document for text in blocks for document, _ in read_documents(text, page)]


def key(document: Document) -> ObjectKey:
    found = kind_of(document)
    assert found is not None, f"nobody reads {text_at(document, 'apiVersion')}"
    kind, version = found
    assert version in kind.versions
    return key_of(kind, document)


def read(document: Document) -> None:
    """Read an object of our own by its reader, which raises or returns its faults."""
    readers: dict[str, Callable[[Document], object]] = {
        "TrustedCluster": read_trust_object,
        "TrustedFleet": read_trust_object,
        "TrafficPolicy": read_policy,
        "Drain": lambda each: read_drain(key(each), each),
        "Freeze": only_a_reason,
        "Departure": only_a_reason,
    }
    found = readers[text_at(document, "kind")](document)
    assert not isinstance(found, list), found
    assert text_at(document, "kind") != "Drain" or isinstance(found, DrainRead)


def only_a_reason(document: Document) -> str:
    assert set(map_at(document, "spec")) == {"reason"}
    return text_at(document, "spec", "reason")


EXAMPLES = examples("objects.md")
OWN = [each for each in EXAMPLES if key(each).kind in OURS]


@pytest.mark.parametrize("document", OWN, ids=lambda each: str(key(each)))
def test_an_example_of_our_own_kinds_has_no_fault(document: Document) -> None:
    read(document)


def test_every_kind_of_our_own_has_an_example() -> None:
    assert {key(each).kind for each in OWN} == set(OURS)


def exported(documents: list[Document]) -> Mirror:
    mirror = Mirror()
    mirror.serve([(kind, version) for kind in KINDS for version in kind.versions])
    for each in documents:
        mirror.put(key(each), each)
    return mirror


@pytest.mark.parametrize("is_annotated", [True, False])
def test_the_example_of_an_export_is_exported_with_all_that_it_says(*, is_annotated: bool) -> None:
    left_out = {*OURS, SERVICE_EXPORT} if is_annotated else set(OURS)
    kept = [each for each in EXAMPLES if key(each).kind not in left_out]
    mirror = exported(kept)
    reader = ExportReader(mirror)
    for each in kept:
        reader.concerned(key(each))
    found = reader.read(WEB)
    assert found.problems == ()
    assert found.exported is not None
    assert found.exported.head.service_account == "web"
    assert found.exported.head.capacity == 30
    assert found.exported.head.labels == ({} if is_annotated else {"team": "shop"})
    [[endpoint]] = found.exported.endpoints.values()
    assert (endpoint.address, endpoint.zone) == ("10.1.0.7", "eu-west-1a")
