"""What is remembered of a directory's answers: until they change, and not for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stormpath_wsgi.remembered import Remembered
from stormpath_wsgi.slots import ANY


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
        return Remembered(
            self.answer, generation=lambda _=ANY, /: self.generation, ttl=60, clock=lambda: self.now, size=size
        )


@pytest.fixture
def directory() -> Directory:
    return Directory()


def test_an_answer_is_remembered(directory: Directory) -> None:
    answers = directory.remembered()
    assert [answers.get("a") for _ in range(3)] == ["a 1"] * 3


def test_an_answer_that_says_whom_it_concerns_is_asked_for_again_when_that_has_changed() -> None:
    numbers, asked = {ANY: 0, 7: 0, 8: 0}, list[int]()

    def ask(slot: int) -> int:
        asked.append(slot)
        return slot

    remembered = Remembered(
        ask, generation=lambda slot=ANY, /: numbers[slot], about=lambda slot: slot, ttl=60, clock=lambda: 0.0, size=2
    )

    def is_asked_for_after(*moved: int) -> bool:
        for slot in (*moved, ANY)[: len(moved) + 1 if moved else 0]:
            numbers[slot] += 1
        before = len(asked)
        remembered.get(7)
        return len(asked) != before

    assert [is_asked_for_after(), is_asked_for_after(), is_asked_for_after(8), is_asked_for_after(7)] == [
        True, False, False, True,
    ]  # fmt: skip


def test_what_changes_while_it_is_asked_whom_an_answer_concerns_is_not_missed() -> None:
    numbers = {ANY: 0, 7: 0}
    values = ["old", "new"]

    def ask(slot: int) -> str:
        value = values.pop(0)
        if values:  # it changes when the answer is on its way
            numbers[7] += 1
            numbers[ANY] += 1
        return value

    remembered = Remembered(
        ask, generation=lambda slot=ANY, /: numbers[slot], about=lambda value: 7, ttl=60, clock=lambda: 0.0
    )
    assert [remembered.get(7), remembered.get(7), remembered.get(7)] == ["old", "new", "new"]


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
