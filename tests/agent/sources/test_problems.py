"""Problems say what, where and what to do, and are bounded."""

from agent.sources.problems import PROBLEMS_MAX, Fault, SourceProblem, fewest, shown
from tests.agent.sources.written import WEB


def problem(number: int) -> SourceProblem:
    return SourceProblem(WEB, f"spec.ports[{number:03}]", Fault.PORT, "0 is no port", "write 80")


def test_a_problem_names_object_field_and_remedy() -> None:
    assert str(problem(0)) == "Service shop/web: spec.ports[000]: 0 is no port; write 80"


def test_each_problem_is_told_once_in_order_and_no_more_than_somebody_reads() -> None:
    many = [problem(number) for number in range(PROBLEMS_MAX, -1, -1)]
    assert fewest([*many, *many]) == tuple(problem(number) for number in range(PROBLEMS_MAX))


def test_a_value_is_quoted_and_cut() -> None:
    assert shown("x" * 500) == "'" + "x" * 79
