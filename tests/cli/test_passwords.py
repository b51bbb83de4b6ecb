"""The commands that make lists of passwords, and say what their hashes may cost."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from click.testing import CliRunner

from stormpath_wsgi import Settings
from stormpath_wsgi.cli.commands import cli
from stormpath_wsgi.passwords import PasswordList
from stormpath_wsgi.passwords.cost import PRESETS


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


def test_tune_measures_each_preset_and_says_what_to_write() -> None:
    """What it says can be written as it stands, into the file or into the environment."""
    answer = CliRunner().invoke(cli, ["passwords", "tune", "--milliseconds", "1"])
    assert answer.exit_code == 0, answer.output
    lines = answer.output.splitlines()
    assert [line.split("\t")[:2] for line in lines[:2]] == [[name, str(cost)] for name, cost in PRESETS.items()]
    assert lines[2] == "No preset takes 1 ms or less on this machine. owasp is the cheapest that is safe."
    written = yaml.safe_load("\n".join(lines[4:6]))
    assert written == {"passwords": {"cost": "owasp"}}
    assert Settings(**written).passwords.hash_cost == PRESETS["owasp"]
    assert lines[6:] == ["or into the environment: STORMPATH_PASSWORDS_COST=owasp"]
