"""What is dropped has a label by its kind."""

import re
from typing import get_args

from agent.transport.inbound import KINDS, Drop, Inbound


def test_every_fact_that_comes_in_has_a_label_for_its_drops() -> None:
    assert set(KINDS) == set(get_args(Inbound))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", drop) for drop in Drop)
