"""Events and effects of the sources are values."""

from agent.objects import NODE
from agent.sources.source_events import AcksStated, KindListed, ListAnew


def test_what_is_equal_is_the_same() -> None:
    assert KindListed(NODE) == KindListed(NODE, frozenset())
    assert AcksStated() == AcksStated({}, {})
    assert hash(ListAnew((NODE,), "why")) == hash(ListAnew((NODE,), "why"))
