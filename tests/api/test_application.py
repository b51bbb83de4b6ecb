"""What a server loads: ``stormpath_wsgi.api:application()``, made of the settings."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest
from support.callers import Caller, refusal, signed
from support.post import leave_mail
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


def test_the_hosts_that_signatures_may_be_for_are_a_setting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/accounts.db"
    with closing(open_directory(url)) as service:
        service.bootstrap()
        key = service.issue_api_key()
    settings = Settings.model_validate(
        {"directory": url, "baseUrl": "https://id.example.org/v1", "api": {"hosts": "10.0.0.5:8000 id.internal"}}
    )
    caller = Caller(Client(application(settings)), *key)
    for host, status in (("id.internal", 404), ("10.0.0.5:8000", 404), ("10.0.0.5", 401)):
        headers = signed(key, "GET", "https://id.example.org/v1/nothing", at=time.time(), host=host)
        assert caller.call("GET", "nothing", headers=headers).status_code == status


@pytest.mark.parametrize("host", ["https://id.example.org", "id.example.org/v1", "a:b:c", "ada@id.example.org", "[::1"])
def test_a_host_that_is_none_is_refused_by_the_setting(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)api\.hosts.*without http://"):
        Settings.load(api={"hosts": [host]})


def test_mail_that_a_process_left_behind_leaves_with_the_first_request(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/accounts.db"
    leave_mail(url)
    api = application(Settings(directory=url))
    assert not (tmp_path / "outbox").exists()
    Client(api).get("/v1/openapi.json", buffered=True)
    api._service.close()
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_an_empty_directory_is_found_before_the_first_request(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="stormpath-wsgi init"):
        application(Settings(directory=f"sqlite:///{tmp_path}/accounts.db"))
