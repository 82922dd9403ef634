"""Steps of groups at the store."""

from hypothesis import given
from hypothesis import strategies as st

from agent.drivers.plan import Group
from agent.drivers.progress import Progress
from agent.objects import SERVICE, ObjectKey
from agent.writes import Delete
from tests.agent.drivers.bench import API, WEB


def group(name: str, steps: int) -> Group:
    keys = (ObjectKey(SERVICE, "shop", f"{name}-{number}") for number in range(steps))
    return Group((WEB if name == "web" else API,), tuple(Delete(key, "test") for key in keys))


def test_a_group_without_steps_is_done() -> None:
    progress = Progress(4)
    progress.start([group("web", 0)])
    assert progress.is_idle
    assert progress.next() is None


def test_the_next_step_comes_after_the_answer_to_the_one_before() -> None:
    progress = Progress(4)
    web = group("web", 2)
    progress.start([web])
    assert progress.next() == (1, web, web.writes[0])
    assert progress.next() is None
    answered = progress.answered(1, is_done=True)
    assert answered is not None
    assert not answered.is_last
    assert progress.next() == (2, web, web.writes[1])
    last = progress.answered(2, is_done=True)
    assert last is not None
    assert last.is_last
    assert progress.is_idle


def test_after_a_failure_nothing_of_the_group_follows() -> None:
    progress = Progress(4)
    web, api = group("web", 3), group("api", 1)
    progress.start([web, api])
    progress.next()
    failed = progress.answered(1, is_done=False)
    assert failed is not None
    assert failed.is_last
    assert progress.next() == (2, api, api.writes[0])
    assert progress.next() is None


def test_an_answer_to_nothing_is_none() -> None:
    assert Progress(1).answered(9, is_done=True) is None


def test_who_stops_leaves_what_is_at_the_store_and_names_what_is_undone() -> None:
    progress = Progress(1)
    web, api = group("web", 2), group("api", 1)
    progress.start([web, api])
    progress.next()
    before = progress.has_more
    assert progress.stop() == [api, web]
    assert (before, progress.has_more) == (True, False)
    assert progress.in_flight == 1
    assert not progress.is_idle
    answered = progress.answered(1, is_done=True)
    assert answered is not None
    assert answered.is_last
    assert progress.is_idle


@given(st.lists(st.integers(0, 4), max_size=6), st.integers(1, 3), st.data())
def test_each_group_is_done_in_order_whatever_the_order_of_answers(
    sizes: list[int], most: int, data: st.DataObject
) -> None:
    progress = Progress(most)
    groups = [group(f"g{number}", size) for number, size in enumerate(sizes)]
    progress.start(groups)
    flying: list[int] = []
    done = []
    while not progress.is_idle:
        while (begun := progress.next()) is not None:
            flying.append(begun[0])
            done.append(begun[2])
        assert 0 < len(flying) <= most
        number = data.draw(st.sampled_from(flying))
        flying.remove(number)
        progress.answered(number, is_done=True)
    for each in groups:
        assert [step for step in done if step in each.writes] == list(each.writes)


def test_an_answer_to_an_earlier_writer_is_an_answer_to_nothing() -> None:
    earlier, later = Progress(1), Progress(1, first=1_000)
    for progress in (earlier, later):
        progress.start([group("web", 1)])
    begun, again = earlier.next(), later.next()
    assert begun is not None
    assert again is not None
    assert later.answered(begun[0], is_done=True) is None
    assert later.answered(again[0], is_done=True) is not None
