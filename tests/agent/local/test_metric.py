from agent.local.metric import Kind, Scrape, bridge_counter, bridge_gauge, counter, gauge, labelled
from tests.agent.local.scenes import bridge_facts, light_facts, met


def test_a_value_that_there_is_not_gives_no_sample() -> None:
    assert list(gauge("a", "A.", lambda _: None).samples(Scrape(light_facts()))) == []
    assert list(gauge("a", "A.", lambda _: 0).samples(Scrape(light_facts()))) == [((), 0)]


def test_what_a_bridge_has_a_light_agent_has_not() -> None:
    made = bridge_gauge("a", "A.", lambda bridge: bridge.catalog.origins)
    assert list(made.samples(Scrape(light_facts()))) == []
    assert list(made.samples(Scrape(bridge_facts(met())))) == [((), 2)]


def test_names_have_the_prefix_and_counters_are_counters() -> None:
    assert gauge("a", "A.", lambda _: 1).name == "isthmus_a"
    assert counter("a_total", "A.", lambda _: 1).kind is Kind.COUNTER
    assert bridge_counter("a_total", "A.", lambda _: 1).kind is Kind.COUNTER
    assert labelled([("x", 1.0)]) == [(("x",), 1.0)]


def test_statistics_are_taken_once_in_a_scrape() -> None:
    scrape = Scrape(bridge_facts(met()))
    assert scrape.held is not None
    assert scrape.held.catalog is scrape.held.catalog
    assert scrape.held.publisher is not None
    assert Scrape(light_facts()).held is None
