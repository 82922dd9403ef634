"""Numbers of data paths that cannot work are refused, all at once."""

import pytest

from discovery.data_path_config import DataPathConfig
from discovery.verdict_config import VerdictConfig
from failure_detect.clock import SECOND


def test_a_path_is_tried_twice_while_its_last_answer_is_fresh() -> None:
    assert 2 * DataPathConfig().every * 5 // 4 <= VerdictConfig().path_fresh


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        DataPathConfig(every=0, tries=-1)
    assert [str(each) for each in caught.value.exceptions] == [
        "$.paths.every: must be 1 or more, is 0",
        "$.paths.tries: must be 1 or more, is -1",
    ]


def test_a_shut_path_is_tried_no_less_often_than_an_open_one() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        DataPathConfig(every=5 * SECOND, again=6 * SECOND)
    assert [str(each) for each in caught.value.exceptions] == [
        "$.paths.again: must not exceed $.paths.every"
    ]
