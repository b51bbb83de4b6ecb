"""What is remembered of a directory's answers: until they change, and not for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stormpath_wsgi.remembered import Remembered


class Directory:
    """Answers with how often it was asked. *generation* and *now* are for the tests to set."""

    def __init__(self) -> None:
        self.generation, self.now, self.asked = 0, 1000.0, 0
        self.meanwhile: Callable[[], None] = lambda: None

    def answer(self, key: str) -> str:
        if key == "unknown":
            raise LookupError(key)
        self.asked += 1
        self.meanwhile()
        return f"{key} {self.asked}"

    def remembered(self, size: int = 2) -> Remembered[str, str]:
        return Remembered(self.answer, generation=lambda: self.generation, ttl=60, clock=lambda: self.now, size=size)


@pytest.fixture
def directory() -> Directory:
    return Directory()


def test_an_answer_is_remembered(directory: Directory) -> None:
    answers = directory.remembered()
    assert [answers.get("a") for _ in range(3)] == ["a 1"] * 3


def test_it_is_asked_for_again_when_the_generation_has_moved(directory: Directory) -> None:
    answers = directory.remembered()
    answers.get("a")
    directory.generation += 2
    assert [answers.get("a") for _ in range(2)] == ["a 2"] * 2


@pytest.mark.parametrize(("seconds", "answer"), [(59.9, "a 1"), (60, "a 2"), (-1, "a 2")])
def test_it_is_asked_for_again_after_its_time_and_by_a_clock_that_was_set_back(
    directory: Directory, seconds: float, answer: str
) -> None:
    answers = directory.remembered()
    answers.get("a")
    directory.now += seconds
    assert answers.get("a") == answer


def test_a_change_that_comes_while_it_is_asked_for_is_noticed(directory: Directory) -> None:
    answers = directory.remembered()

    def change() -> None:
        directory.generation += 2

    directory.meanwhile = change
    answers.get("a")
    directory.meanwhile = lambda: None
    assert answers.get("a") == "a 2"


def test_the_oldest_goes_first(directory: Directory) -> None:
    answers = directory.remembered(size=2)
    for key in "abc":
        answers.get(key)
    assert [answers.get(key) for key in "bca"] == ["b 2", "c 3", "a 4"]


def test_what_raises_drives_nothing_out(directory: Directory) -> None:
    answers = directory.remembered(size=1)
    answers.get("a")
    with pytest.raises(LookupError):
        answers.get("unknown")
    assert answers.get("a") == "a 1"
