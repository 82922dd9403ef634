"""What a scraper reads out of an agent."""

from prometheus_client.parser import text_string_to_metric_families

from agent.local.facts import AgentFacts
from agent.local.metrics import Metrics

Reading = dict[tuple[str, tuple[str, ...]], float]


def scraped(facts: AgentFacts) -> Reading:
    """Return every sample of ours by name and label values."""
    _, body = Metrics(lambda: facts).render("")
    families = text_string_to_metric_families(body.decode())
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("isthmus_")
    }
