"""`Plan`: what the driver is about to write, or in a dry run or while frozen, would write."""

from agent.local.facts import AgentFacts
from agent.local.framing import framed
from agent.objects import Document
from agent.writes import Apply, Write


def plan_document(facts: AgentFacts) -> Document:
    """Return the writes in the order in which they are done, each with the object whole."""
    driver = facts.driver
    return framed(
        "Plan",
        facts,
        driver=driver.name,
        why=driver.why,
        dryRun=facts.dry_run,
        frozen=facts.frozen,
        nextWriteAt=facts.clock.shown(driver.next_at),
        writes=[_write(each) for each in driver.planned],
    )


def _write(write: Write) -> Document:
    key = write.key
    return {
        "action": type(write).__name__,
        "kind": key.kind.name,
        "namespace": key.namespace,
        "name": key.name,
        "why": write.why,
        "object": write.document if isinstance(write, Apply) else None,
    }
