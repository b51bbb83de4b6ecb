"""``stormpath-wsgi dev``: where it listens, and that nothing else starts it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import warm

from stormpath_wsgi import Settings
from stormpath_wsgi.cli import targets
from stormpath_wsgi.development import server


@pytest.mark.parametrize("bind", ["0.0.0.0:8000", "192.0.2.7:8000", "unix:site.sock", "127.0.0.1"])
def test_it_listens_at_no_address_that_others_reach(tmp_path: Path, bind: str) -> None:
    (tmp_path / "devsite.py").write_text("application = None")
    refused = warm.run(["-m", "stormpath_wsgi.cli", "dev", "devsite:application", "--bind", bind], cwd=tmp_path)
    assert refused.returncode == 2
    assert "address of this machine itself" in refused.stderr


def test_no_setting_switches_it_on() -> None:
    words = ("development", "panel", "debug")
    assert [each.name for each in Settings.describe() if any(word in each.name.lower() for word in words)] == []


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("devsite:nothing", "devsite:nothing cannot be imported: module 'devsite' has no attribute 'nothing'."),
        ("devsite:application", "devsite:application cannot be imported: it is no WSGI application"),
        ("needy:application", "ModuleNotFoundError: No module named 'not_installed'"),
    ],
)
def test_a_site_that_cannot_be_loaded_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, target: str, told: str
) -> None:
    (tmp_path / "devsite.py").write_text("application = None")
    (tmp_path / "needy.py").write_text("import not_installed")
    monkeypatch.setenv(server.KEY_VARIABLE, "key")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "devsite", raising=False)
    server.loaded(lambda: targets.named(target), server.State(str(tmp_path)))
    said = capsys.readouterr().err
    assert told in said
    assert said.count("Traceback") == target.startswith("needy")
