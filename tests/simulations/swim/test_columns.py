"""Every figure of the family that a table or a picture shows has a meaning."""

from simulations.swim.columns import BARS, DETECTION, FALSE, GLOSSARY, TRAFFIC


def test_what_is_shown_is_explained() -> None:
    assert all(column in GLOSSARY.words for column in (*DETECTION, *FALSE, *TRAFFIC, *BARS))
    assert GLOSSARY.head("false_positives_at_healthy") == "FP-"
