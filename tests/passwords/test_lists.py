"""Lists of passwords: what is on one is found, little else is, and nobody can read it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stormpath_wsgi.passwords import COMMON, ListError, PasswordList
from stormpath_wsgi.passwords import build as building
from stormpath_wsgi.passwords.build import build, lines_of
from stormpath_wsgi.passwords.lists import digest_of

#: What people may type, on a line of a file.
LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1, max_size=40)


def made(path: Path, passwords: Iterable[str], **options: int) -> PasswordList:
    build((password.encode() for password in passwords), path, **options)
    return PasswordList(path)


class TestTheList:
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(passwords=st.sets(LINES, max_size=60))
    def test_every_password_that_is_on_it_is_found(self, tmp_path: Path, passwords: set[str]) -> None:
        found = made(tmp_path / "list", passwords)
        assert [password for password in passwords if password not in found] == []

    def test_one_that_is_on_it_is_found_in_capitals_too(self, tmp_path: Path) -> None:
        found = made(tmp_path / "list", ["Straße99", "letmein"])
        assert "LETMEIN" in found
        assert "LetMeIn" in found
        assert "straße99" in found

    def test_one_that_is_typed_with_other_characters_for_the_same_letters_is_found(self, tmp_path: Path) -> None:
        assert "Cafe\u0301 1999" in made(tmp_path / "list", ["Café 1999"])

    def test_a_password_of_a_megabyte_is_not_looked_for(self, tmp_path: Path) -> None:
        assert "x" * 2**20 not in made(tmp_path / "list", ["x"])

    def test_an_empty_one_has_none(self, tmp_path: Path) -> None:
        assert "password" not in made(tmp_path / "list", [])

    def test_no_password_can_be_read_in_it(self, tmp_path: Path) -> None:
        made(tmp_path / "list", ["correct horse", "letmein"])
        assert b"horse" not in (tmp_path / "list").read_bytes()


class TestFalsePositives:
    def test_are_as_rare_as_the_layout_says(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """With 8 of the 24 bits a bucket of 16 has 16 of 256 numbers: rare enough to count, and often enough."""
        for module in (building, sys.modules["stormpath_wsgi.passwords.lists"]):
            monkeypatch.setattr(module, "STORED", 1)
        found = made(tmp_path / "list", (f"on it {number}" for number in range(4096)))
        assert found.layout().false_positives == pytest.approx(1 / 16)
        wrong = sum(f"not on it {number}" in found for number in range(2000))
        # Each is looked for in one spelling. The probable number is 121, with a deviation of 11.
        assert 60 < wrong < 185

    def test_our_own_list_has_one_in_a_million_at_most(self) -> None:
        layout = PasswordList(COMMON).layout()
        assert layout.false_positives < 1e-6
        assert not any(f"Nobody uses this one: {number}" in PasswordList(COMMON) for number in range(500))


class TestOurOwn:
    def test_it_has_the_most_common_passwords(self) -> None:
        common = PasswordList(COMMON)
        for password in ("password", "123456", "qwerty", "Password1", "iloveyou", "1qaz2wsx", "trustno1", "070162"):
            assert password in common
        for password in ("Correct-Horse-1", "a sentence that nobody has written", ""):
            assert password not in common

    def test_it_has_as_many_as_the_documentation_says_in_so_many_bytes(self) -> None:
        layout = PasswordList(COMMON).layout()
        assert layout.count >= 100_000
        assert layout.size == COMMON.stat().st_size < 340_000

    def test_its_source_and_licence_stand_beside_it(self) -> None:
        told = COMMON.with_suffix(".txt").read_text()
        assert "SecLists" in told
        assert "MIT License" in told

    def test_no_list_is_opened_before_a_password_is_looked_for(self, tmp_path: Path) -> None:
        nowhere = PasswordList(tmp_path / "nowhere")
        with pytest.raises(ListError, match="nowhere cannot be read: No such file"):
            assert "password" in nowhere


class TestAFileThatIsNone:
    @pytest.mark.parametrize("content", [b"", b"password\n123456\n", b"x" * 100], ids=["empty", "text", "noise"])
    def test_is_named(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "list"
        path.write_bytes(content)
        with pytest.raises(ListError, match=f"{path} is no list of passwords.*stormpath-wsgi passwords build"):
            assert "password" in PasswordList(path)

    def test_so_it_is_where_its_end_is_missing(self, tmp_path: Path) -> None:
        found = made(tmp_path / "list", ["letmein", "password"])
        os.truncate(found.path, found.path.stat().st_size - 1)
        with pytest.raises(ListError, match="not a whole one"):
            found.layout()


class TestBuilding:
    def test_digests_of_have_i_been_pwned_are_taken_as_they_are(self, tmp_path: Path) -> None:
        lines = [f"{digest_of(word).hex().upper()}:{count}" for word, count in SEEN.items()]
        found = made(tmp_path / "list", lines)
        assert all(word in found for word in SEEN)
        assert found.layout().count == len(SEEN)

    def test_only_those_that_were_seen_often_are_taken_where_that_is_asked(self, tmp_path: Path) -> None:
        lines = [f"{digest_of(word).hex()}:{count}" for word, count in SEEN.items()]
        found = made(tmp_path / "list", lines, least=10)
        assert [word for word in SEEN if word in found] == ["letmein", "hunter2"]

    def test_more_than_fits_into_memory_is_sorted_part_by_part(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        words = [f"word {number % 900}" for number in range(1000)]
        at_once = made(tmp_path / "at once", words)
        monkeypatch.setattr(building, "AT_ONCE", 64)
        in_parts = made(tmp_path / "in parts", words)
        assert in_parts.layout().count == 900
        assert in_parts.path.read_bytes() == at_once.path.read_bytes()

    def test_nothing_is_left_but_the_list(self, tmp_path: Path) -> None:
        made(tmp_path / "list", ["letmein"])
        assert [path.name for path in tmp_path.iterdir()] == ["list"]

    def test_lines_end_as_on_any_system_and_long_ones_are_none(self, tmp_path: Path) -> None:
        path = tmp_path / "words"
        path.write_bytes(b"one\r\n\ntwo\n" + b"x" * 5000 + b"\nth\xe9\nlast")
        assert [*lines_of([path])] == [b"one", b"", b"two", b"th\xe9", b"last"]
        found = made(tmp_path / "list", [])
        build(lines_of([path]), found.path)
        assert all(word in found for word in ("one", "two", "thé", "last"))
        assert found.layout().count == 4

    def test_a_list_that_is_exchanged_counts_at_once(self, tmp_path: Path) -> None:
        found = made(tmp_path / "list", ["letmein"])
        made(tmp_path / "list", ["hunter2"])
        assert ("letmein" in found, "hunter2" in found) == (False, True)


#: Passwords, and how often they were seen.
SEEN = {"letmein": 500, "hunter2": 10, "Rare-One": 9}
