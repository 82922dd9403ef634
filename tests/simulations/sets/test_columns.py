"""Every figure of the family has a name and a meaning of its own."""

from simulations.sets.columns import GLOSSARY


def test_no_two_figures_go_by_one_name() -> None:
    heads = [head for head, _ in GLOSSARY.words.values()]
    assert len(set(heads)) == len(heads)
    assert GLOSSARY.meaning("rumour_bytes").startswith("a manifest and all records")
