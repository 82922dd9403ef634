from agent.local.framing import encoded, framed, gist, listed, no_answer
from tests.agent.local.scenes import STARTED, light_facts


def test_a_document_says_what_it_is_of_when_and_by_whom() -> None:
    assert framed("Thing", light_facts(), size=1) == {
        "apiVersion": "isthmus.dev/v1",
        "kind": "Thing",
        "asOf": STARTED,
        "answeredBy": {"cluster": "home", "node": "node-1"},
        "size": 1,
    }
    assert listed("ThingList", light_facts(), [{"size": 1}])["items"] == [{"size": 1}]


def test_no_answer_has_a_reason_words_and_a_remedy() -> None:
    status, document = no_answer(404, "UnknownThing", "no such thing", "make one")
    assert (status, document["kind"], document["reason"]) == (404, "Error", "UnknownThing")
    assert (document["message"], document["remedy"]) == ("no such thing", "make one")


def test_the_gist_leaves_out_what_changes_by_itself() -> None:
    before = {"asOf": "1", "items": [{"name": "east", "since": "1", "verdict": "live"}]}
    after = {"asOf": "2", "items": [{"name": "east", "since": "2", "verdict": "live"}]}
    assert gist(before) == gist(after) == {"items": [{"name": "east", "verdict": "live"}]}
    assert gist(before) != gist({"items": [{"name": "east", "verdict": "stale"}]})


def test_equal_documents_are_equal_bytes() -> None:
    assert encoded({"a": [1, "é"]}) == b'{"a":[1,"\\u00e9"]}'
