"""Metrics keep the conventions of Prometheus, and the page about them is true."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.local.metric import Kind, Metric
from agent.local.metrics import LATENCY, METRICS, Metrics, metrics_table
from tests.agent.local.readings import scraped
from tests.agent.local.scenes import bridge_facts, light_facts, met

PAGE = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"

OF_TIME = re.compile(r"_(?:age|time|latency|duration)(?:_|$)")


@pytest.mark.parametrize("metric", METRICS, ids=lambda each: each.name)
def test_each_metric_has_a_help_a_good_name_and_a_unit(metric: Metric) -> None:
    assert re.fullmatch(r"isthmus_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.help[0].isupper() or metric.help[0].isdigit()
    assert metric.help.endswith(".")
    assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
    if OF_TIME.search(metric.name):
        assert metric.name.endswith("_seconds")
    if "Size of" in metric.help:
        assert metric.name.endswith("_bytes")


def test_no_two_metrics_have_one_name() -> None:
    assert len({each.name for each in METRICS}) == len(METRICS)


def test_a_scraper_reads_all_of_it_with_its_help() -> None:
    metrics = Metrics(lambda: bridge_facts(met()))
    content_type, body = metrics.render("")
    assert content_type.startswith("text/plain")
    families = {each.name: each for each in text_string_to_metric_families(body.decode())}
    for each in METRICS:
        family = families[each.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (each.kind, each.help)
    assert "process_resident_memory_bytes" in families


def test_openmetrics_is_spoken_to_those_who_ask_for_it() -> None:
    metrics = Metrics(light_facts)
    content_type, body = metrics.render("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_the_latency_is_a_histogram() -> None:
    metrics = Metrics(light_facts)
    metrics.observe_applied(0.15)
    metrics.observe_applied(0.4)
    text = metrics.render("")[1].decode()
    assert f'{LATENCY}_bucket{{le="0.2"}} 1.0' in text
    assert f'{LATENCY}_bucket{{le="0.5"}} 2.0' in text
    assert f"{LATENCY}_count 2.0" in text


def test_facts_are_read_anew_at_each_scrape() -> None:
    ready = [("not yet",), ()]
    metrics = Metrics(lambda: light_facts(not_ready=ready.pop(0)))
    assert "isthmus_agent_ready 0.0" in metrics.render("")[1].decode()
    assert "isthmus_agent_ready 1.0" in metrics.render("")[1].decode()


def test_series_are_few() -> None:
    assert len(scraped(bridge_facts(met()))) < 250


def test_the_page_about_metrics_is_made_from_the_code() -> None:
    table = metrics_table()
    assert all(f"| `{each.name}` |" in table for each in METRICS)
    assert table in PAGE.read_text(), "write what metrics_table() returns into docs/metrics.md"
