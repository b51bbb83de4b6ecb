"""Who may call, and what a stranger learns."""

from __future__ import annotations

import base64
import uuid
from typing import Any
from wsgiref.validate import validator

import pytest
from sqlalchemy import func, select
from support.callers import HOST, Caller, basic, refusal, signed
from support.world import World
from werkzeug.test import Client, TestResponse

from stormpath_wsgi import ConfigurationError
from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.directory.storage import schema

WINDOW = 15 * 60  # seconds

SECRET = "an unknown secret"


def send(
    caller: Caller, headers: dict[str, str], method: str = "GET", path: str = "nothing", **more: Any
) -> TestResponse:
    return caller.call(method, path, headers=headers, **more)


def is_known(answer: TestResponse) -> bool:
    """Whether the caller was let in, to find that there is nothing."""
    return refusal(answer) == (404, 404)


class TestBasic:
    def test_the_right_secret_lets_in(self, caller: Caller) -> None:
        assert is_known(caller.get("nothing"))

    def test_the_scheme_is_spelled_in_any_case(self, caller: Caller) -> None:
        assert is_known(send(caller, {"Authorization": basic(caller.id, caller.secret).replace("Basic", "bAsIc")}))

    def test_an_unknown_key_and_a_wrong_secret_get_the_same_answer(self, caller: Caller) -> None:
        def told(offered: str) -> tuple[int, Any, dict[str, str]]:
            answer = send(caller, {"Authorization": offered})
            document, headers = dict(answer.json or {}), dict(answer.headers)
            del document["requestId"], headers["Stormpath-Request-Id"]
            return answer.status_code, document, headers

        unknown = told(basic("2ZFMV4WVVCVG35XATII9T96J7", caller.secret))
        assert unknown == told(basic(caller.id, SECRET))
        assert unknown[0] == 401 and unknown[2]["WWW-Authenticate"].startswith("Basic realm=")

    @pytest.mark.parametrize(
        "offered",
        [
            "",
            "Basic",
            "Basic %%%",
            "Basic " + base64.b64encode(b"no colon").decode(),
            "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
            "Basic " + base64.b64encode(b"a\0b:x").decode(),
            "Basic é",
            "Bearer x",
            "SAuthc1",
            "SAuthc1 sauthc1Id=, sauthc1SignedHeaders=, sauthc1Signature=",
        ],
    )
    def test_whatever_else_is_offered_is_401(self, caller: Caller, offered: str) -> None:
        assert refusal(send(caller, {"Authorization": offered})) == (401, 401)

    def test_nothing_offered_is_401(self, caller: Caller) -> None:
        answer = caller.client.get("/v1/nothing", buffered=True)
        assert refusal(answer) == (401, 401)

    def test_a_disabled_key_is_refused_at_once(self, caller: Caller, world: World) -> None:
        assert is_known(caller.get("nothing"))
        world.update(f"apiKeys/{caller.id}", status="DISABLED")
        assert refusal(caller.get("nothing")) == (401, 401)

    def test_a_key_of_an_ordinary_account_does_not_open_the_api(self, caller: Caller, world: World) -> None:
        key = world.service.create(f"{world.account()}/apiKeys", {})
        assert refusal(send(caller, {"Authorization": basic(key["id"], key["secret"])})) == (401, 401)

    def test_a_known_caller_costs_no_look_into_the_database(self, caller: Caller, world: World) -> None:
        caller.get("nothing")
        with world.statements() as statements:
            assert is_known(caller.get("nothing"))
        assert statements == []


class TestSAuthc1:
    def sent(
        self,
        caller: Caller,
        world: World,
        path: str = "nothing",
        *,
        off: float = 0,
        sent: str | None = None,
        **more: Any,
    ) -> TestResponse:
        """The answer to a signed GET of *path*, by a clock that is *off*; what goes out is *sent*, if that is other."""
        url = f"https://{HOST}/v1/{path}"
        headers = signed((caller.id, caller.secret), "GET", url, at=world.now + off, **more)
        return send(caller, headers, path=sent or path)

    def test_a_good_signature_lets_in(self, caller: Caller, world: World) -> None:
        assert is_known(self.sent(caller, world))

    def test_a_body_is_signed_along(self, caller: Caller, world: World) -> None:
        body = b'{"name": "An application"}'
        more = {"content-type": "application/json", "content-length": str(len(body))}
        headers = signed(
            (caller.id, caller.secret), "POST", f"https://{HOST}/v1/applications", body, at=world.now, **more
        )
        del headers["content-length"], headers["content-type"]
        answer = send(caller, headers, "POST", "applications", data=body, content_type="application/json")
        assert answer.status_code == 201

    def test_another_body_is_refused(self, caller: Caller, world: World) -> None:
        headers = signed((caller.id, caller.secret), "POST", f"https://{HOST}/v1/applications", b"{}", at=world.now)
        answer = send(caller, headers, "POST", "applications", data=b'{"name": "x"}', content_type="application/json")
        assert refusal(answer) == (401, 401)

    def test_the_path_is_signed_as_it_is_sent(self, caller: Caller, world: World) -> None:
        assert is_known(self.sent(caller, world, "not%68ing%2Fat%7Eall"))

    @pytest.mark.parametrize(
        ("sent", "signed_as"),
        [
            ("not%2Ehing", "not.hing"),  # Ruby
            ("not%2ehing%3Aat@all", "not.hing:at@all"),
            ("not%68ing:%7eat@all", "nothing%3A~at%40all"),  # Java
            ("n%c3%b6thing", "n%C3%B6thing"),
        ],
    )
    def test_a_path_may_be_spelled_anew_for_the_signature(
        self, caller: Caller, world: World, sent: str, signed_as: str
    ) -> None:
        """Stormpath's SDKs for Ruby and Java decode what they send before they sign."""
        assert is_known(self.sent(caller, world, sent, as_path=f"/v1/{signed_as}"))

    @pytest.mark.parametrize(
        ("sent", "signed_as"), [("not%252Ehing", "not.hing"), ("not%%32Ehing", "not.hing"), ("nothing", "not%2Ehing")]
    )
    def test_a_path_that_means_something_else_is_refused(
        self, caller: Caller, world: World, sent: str, signed_as: str
    ) -> None:
        assert refusal(self.sent(caller, world, sent, as_path=f"/v1/{signed_as}")) == (401, 401)

    def test_a_query_is_signed_as_it_is_sent(self, caller: Caller, world: World) -> None:
        assert is_known(self.sent(caller, world, "nothing?q=a+b*%7E&expand=x%2Cy"))

    @pytest.mark.parametrize(
        ("sent", "signed_as"),
        [
            ("q=a,b(c)&orderBy=name+asc", "q=a%2Cb%28c%29&orderBy=name%20asc"),
            ("name=%c3%a9t%C3%A9", "name=%C3%A9t%C3%A9"),
            ("name=1%2B1", "name=1%2B1"),
        ],
    )
    def test_a_query_may_be_spelled_anew_for_the_signature(
        self, caller: Caller, world: World, sent: str, signed_as: str
    ) -> None:
        """Stormpath's SDKs for Ruby and PHP decode what they send before they sign."""
        assert is_known(self.sent(caller, world, f"nothing?{sent}", query=signed_as))

    def test_another_query_is_refused(self, caller: Caller, world: World) -> None:
        answer = self.sent(caller, world, "nothing?limit=1", sent="nothing?limit=2")
        assert refusal(answer) == (401, 401)

    @pytest.mark.parametrize(
        ("off", "known"), [(-WINDOW, True), (WINDOW, True), (-WINDOW - 1, False), (WINDOW + 1, False)]
    )
    def test_a_clock_may_be_a_quarter_of_an_hour_off(
        self, caller: Caller, world: World, off: float, known: bool
    ) -> None:
        answer = self.sent(caller, world, off=off)
        assert is_known(answer) if known else refusal(answer) == (401, 401)

    def test_the_same_request_is_refused_the_second_time(self, caller: Caller, world: World) -> None:
        headers = signed((caller.id, caller.secret), "GET", f"https://{HOST}/v1/nothing", at=world.now)
        assert is_known(send(caller, headers))
        assert refusal(send(caller, headers)) == (401, 401)

    def test_a_nonce_is_remembered_as_long_as_its_signature_is_good(self, caller: Caller, world: World) -> None:
        headers = signed((caller.id, caller.secret), "GET", f"https://{HOST}/v1/nothing", at=world.now + WINDOW)
        assert is_known(send(caller, headers))
        world.now += 2 * WINDOW
        assert is_known(self.sent(caller, world))
        assert refusal(send(caller, headers)) == (401, 401)

    def test_whoever_cannot_sign_leaves_nothing_behind(self, caller: Caller, world: World) -> None:
        """Neither rows, nor nonces that the owner of the key could not use any more."""
        nonce, url = str(uuid.uuid4()), f"https://{HOST}/v1/nothing"
        for key in ((caller.id, SECRET), ("2ZFMV4WVVCVG35XATII9T96J7", SECRET)):
            assert refusal(send(caller, signed(key, "GET", url, at=world.now, nonce=nonce))) == (401, 401)
        with world.database.read() as connection:
            assert connection.execute(select(func.count()).select_from(schema.nonces)).scalar() == 0
        assert is_known(send(caller, signed((caller.id, caller.secret), "GET", url, at=world.now, nonce=nonce)))

    def test_a_nonce_moves_no_generation(self, caller: Caller, world: World) -> None:
        caller.get("nothing")
        before = world.service.generation()
        assert is_known(self.sent(caller, world))
        assert world.service.generation() == before

    @pytest.mark.parametrize("missing", ["host", "x-stormpath-date"])
    def test_host_and_date_must_be_signed(self, caller: Caller, world: World, missing: str) -> None:
        headers = signed((caller.id, caller.secret), "GET", f"https://{HOST}/v1/nothing", at=world.now)
        names = {"host": "x-stormpath-date", "x-stormpath-date": "host"}
        headers["Authorization"] = headers["Authorization"].replace("=host;x-stormpath-date,", f"={names[missing]},")
        assert refusal(send(caller, headers)) == (401, 401)

    @pytest.mark.parametrize(
        "date", ["", "20231114", "20231399T221320Z", "20231114T221320", "now", "\u0662\u0660231114T221320Z"]
    )
    def test_a_date_that_is_none_is_refused(self, caller: Caller, world: World, date: str) -> None:
        headers = signed((caller.id, caller.secret), "GET", f"https://{HOST}/v1/nothing", at=world.now)
        headers["x-stormpath-date"] = date.encode().decode("latin-1")
        assert refusal(send(caller, headers)) == (401, 401)

    def test_without_a_raw_path_from_the_server_it_is_spelled_anew(self, caller: Caller, world: World) -> None:
        headers = signed((caller.id, caller.secret), "GET", f"https://{HOST}/v1/not%20hing", at=world.now)
        environ = {"REQUEST_URI": "", "RAW_URI": ""}
        assert is_known(send(caller, headers, path="not hing", environ_overrides=environ))


class TestSignedHost:
    """A request that was signed for another address, whose owner kept it, opens nothing here."""

    @pytest.mark.parametrize("host", [HOST, HOST.upper(), f"{HOST}.", f"{HOST}:443", f"{HOST}:80", f"{HOST}:"])
    def test_the_host_of_the_base_url_is_known(self, caller: Caller, world: World, host: str) -> None:
        assert is_known(send(caller, self.signed_for(caller, world, host)))

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            f"{HOST}.evil.example",
            f"evil.{HOST}",
            f"{HOST}:8000",
            f"{HOST}, evil.example",
            f"ada@{HOST}",
            f"{HOST}..",
            f"{HOST}/",
            "[::1]",
            "",
        ],
    )
    def test_another_host_is_refused_and_told_which_setting_names_it(
        self, caller: Caller, world: World, host: str
    ) -> None:
        for key in ((caller.id, caller.secret), ("2ZFMV4WVVCVG35XATII9T96J7", SECRET)):  # nobody learns of a key by it
            answer = send(caller, self.signed_for(caller, world, host, key))
            assert refusal(answer) == (401, 401)
            assert answer.json and "the setting baseUrl, or one of api.hosts" in answer.json["developerMessage"]

    @pytest.mark.parametrize(
        ("setting", "host"),
        [
            ("10.0.0.5:8000", "10.0.0.5:8000"),
            ("id.internal", "ID.Internal.:80"),
            ("id.internal.:443", "id.internal"),
            ("[2001:DB8:0::1]:8000", "[2001:db8::1]:08000"),
            ("b\u00fccher.example", "xn--bcher-kva.example"),
        ],
    )
    def test_further_hosts_are_those_of_the_setting(
        self, caller: Caller, world: World, setting: str, host: str
    ) -> None:
        api = RestAPI(world.service, hosts=[setting], clock=lambda: world.now)
        other = Caller(Client(validator(api)), caller.id, caller.secret)
        for known in (host, HOST):
            assert is_known(send(other, self.signed_for(caller, world, known)))
        assert refusal(send(other, self.signed_for(caller, world, "evil.example"))) == (401, 401)

    def test_a_setting_that_is_no_host_is_found_at_the_start(self, world: World) -> None:
        with pytest.raises(ConfigurationError, match=r"api\.hosts"):
            RestAPI(world.service, hosts=["[::g]"])

    def test_with_basic_no_host_is_compared(self, caller: Caller) -> None:
        """The secret itself was sent: whoever has it can write any host."""
        assert is_known(send(caller, {"Host": "10.0.0.5"}))

    def signed_for(self, caller: Caller, world: World, host: str, key: tuple[str, str] | None = None) -> dict[str, str]:
        key = key or (caller.id, caller.secret)
        return signed(key, "GET", f"https://{HOST}/v1/nothing", at=world.now, host=host)


def test_what_stands_in_host_and_forwarded_headers_changes_no_href(caller: Caller, world: World) -> None:
    lies = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    answer = caller.call("GET", "tenants/current", headers=lies)
    assert answer.headers["Location"] == f"https://{HOST}/v1/{world.tenant}"
