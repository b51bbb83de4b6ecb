"""What a server loads: ``stormpath_wsgi.api:application()``, made of the settings."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from callers import Caller, refusal
from werkzeug.test import Client

from stormpath_wsgi import ConfigurationError, Settings
from stormpath_wsgi.api import application
from stormpath_wsgi.directory import open_directory


def test_it_serves_the_directory_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/accounts.db"
    with closing(open_directory(url)) as service:
        service.bootstrap()
        key = service.issue_api_key()
    for name, text in {"DIRECTORY": url, "BASEURL": "http://id.example.com/api", "API_MAXBODY": "10"}.items():
        monkeypatch.setenv(f"STORMPATH_{name}", text)
    client = Client(application())
    answer = client.get("/api/tenants/current", auth=key, buffered=True)
    assert answer.headers["Location"].startswith("http://id.example.com/api/tenants/")
    assert refusal(client.post("/api/applications", json={"name": "long"}, auth=key, buffered=True)) == (413, 413)
    assert refusal(Caller(client, *key).get("tenants/current")) == (404, 404)  # it is not below /v1


def test_an_empty_directory_is_found_before_the_first_request(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="stormpath-wsgi init"):
        application(Settings(directory=f"sqlite:///{tmp_path}/accounts.db"))
