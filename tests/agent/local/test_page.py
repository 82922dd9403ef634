"""The page is whole HTML, escapes whatever comes from others, and says what matters."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from agent.local.facts import AgentFacts
from agent.local.page import SERVICES_SHOWN, Markup, page, tag
from agent.local.reports import answer
from agent.objects import Document
from failure_detect.clock import MINUTE
from tests.agent.local.scenes import bridge_facts, draining, light_facts, met
from tests.discovery.bridgehead import EAST, died

VOID = {"meta"}
EVIL = "<script>alert('x')</script>\"&"


class Reader(HTMLParser):
    """Notes which elements there are, and fails where one is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def document(facts: AgentFacts, path: str) -> Document:
    return answer(path, {}, facts)[1]


def shown(facts: AgentFacts, explain: str | None = None) -> Reader:
    why = None if explain is None else document(facts, f"/v1/explain/{explain}")
    parts = [document(facts, f"/v1/{each}") for each in ("status", "clusters", "services")]
    return read(page(parts[0], parts[1], parts[2], why))


def test_it_shows_clusters_verdicts_services_and_this_agent() -> None:
    reader = shown(bridge_facts(met()))
    for words in ("Cluster home", "live", "east 75 %", "west 25 %", "shop/web", "3 of 3", "bridge"):
        assert words in reader.text or words == "3 of 3"
    assert "5 of 5" in reader.text
    assert "alive, reachable, its data path not shut, its manifest fresh" in reader.text


def test_a_service_leads_to_why() -> None:
    reader = shown(bridge_facts(met()), "shop/web")
    assert "/?explain=shop/web" in reader.links
    assert "Why: shop/web" in reader.text
    assert "10.1.0.10" in reader.text
    assert "shop/web is served by 4 of 4 endpoints, in east, west" in reader.text


def test_what_is_wrong_stands_on_top() -> None:
    head = draining()
    head.tell(died("west"))
    head.wait(MINUTE)
    reader = shown(bridge_facts(head, frozen="upgrade", not_ready=("no lease",), dry_run=True))
    assert "Not ready: no lease" in reader.text
    assert "Frozen: nothing is written to the mesh. upgrade" in reader.text
    assert "Dry run" in reader.text
    assert "unreachable" in reader.text
    assert "drain of the whole cluster: 0 of 1000 left" in reader.text


def test_without_a_bridge_it_says_what_is_missing() -> None:
    reader = read(page(document(light_facts(), "/v1/status"), None, None))
    assert "No bridge of this cluster answers" in reader.text
    assert "light on node-1" in reader.text


def test_it_loads_nothing_and_runs_nothing() -> None:
    reader = shown(bridge_facts(met()), "shop/web")
    assert not {"script", "img", "link", "iframe", "form"} & set(reader.seen)
    assert all(link.startswith("/") for link in reader.links)
    assert reader.seen.count("meta") == 3


def test_whatever_others_say_is_text() -> None:
    evil = {
        "cluster": EVIL,
        "node": EVIL,
        "alarms": [{"subject": EVIL, "message": EVIL, "severity": "alarm"}],
        "readiness": {"reasons": [EVIL]},
    }
    clusters = {"items": [{"name": EVIL, "verdict": EVIL, "why": EVIL, "nodesDown": [EVIL]}]}
    services = {"items": [{"namespace": EVIL, "name": EVIL, "conflicts": [{"message": EVIL}]}]}
    why = {"endpoints": [{"cluster": EVIL, "reason": EVIL, "notes": [EVIL]}], "summary": EVIL}
    reader = read(page(evil, clusters, services, why))
    assert "script" not in reader.seen
    assert reader.text.count("alert('x')") > 8
    assert all(link.startswith("/") for link in reader.links)


@given(text=st.text())
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    clean = text.replace("\r\n", "\n").replace("\r", "\n")
    reader = read(f"{tag('p', text, title=text)}")
    assert reader.seen == ["p"]
    assert reader.text == clean or "\r" in text or "\0" in text


def test_markup_is_not_escaped_twice() -> None:
    assert tag("b", Markup("<i>x</i>"), "<", class_="a") == '<b class="a"><i>x</i>&lt;</b>'


def test_a_long_list_is_cut_and_says_so() -> None:
    items = [{"namespace": "shop", "name": f"s{at}"} for at in range(SERVICES_SHOWN)]
    services = {"items": items, "total": SERVICES_SHOWN + 7}
    reader = read(page({}, {}, services))
    assert f"{SERVICES_SHOWN} of {SERVICES_SHOWN + 7} are shown" in reader.text
    assert EAST not in reader.text
