"""Each figure has a head and a meaning, and no two have the same head."""

from simulations.agents.columns import GLOSSARY


def test_heads_are_unique() -> None:
    heads = [head for head, _ in GLOSSARY.words.values()]
    assert len(heads) == len(set(heads))
    assert all(GLOSSARY.meaning(column) for column in GLOSSARY.words)
