"""The command that makes lists of passwords."""

from __future__ import annotations

import os
from pathlib import Path

from click.testing import CliRunner

from stormpath_wsgi.cli.commands import cli
from stormpath_wsgi.passwords import PasswordList


def test_it_makes_one_list_of_several_files(tmp_path: Path) -> None:
    words, digests, out = tmp_path / "words", tmp_path / "digests", tmp_path / "made"
    words.write_text("letmein\nhunter2\n")
    digests.write_text(
        "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\n"  # password
        "F7C3BC1D808E04732ADF679965CCC34CA7AE3441:2\r\n"  # 123456789
    )
    arguments = ["passwords", "build", str(words), str(digests), "--least", "3", "--out", str(out)]
    answer = CliRunner().invoke(cli, arguments)
    assert answer.exit_code == 0, answer.output
    assert answer.output.splitlines() == [
        f"Made {out}: 3 passwords, {os.path.getsize(out)} bytes.",
        "Of passwords that are not on it, one in 5,592,405 is refused all the same.",
    ]
    made = PasswordList(out)
    assert [word in made for word in ("letmein", "hunter2", "password", "123456789")] == [True, True, True, False]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    answer = CliRunner().invoke(cli, ["passwords", "build", "nowhere", "--out", str(tmp_path / "made")])
    assert answer.exit_code == 2
    assert "nowhere" in answer.output
