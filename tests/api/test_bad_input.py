"""What nobody should send: the documented refusal, never a 5xx, which clients would send again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.callers import Caller, basic, refusal
from support.world import World
from werkzeug.test import TestResponse

JSON = "application/json"
LARGEST = 1_000_000  # bytes, as the fixture sets it


def post(caller: Caller, path: str, body: bytes, content_type: str | None = JSON, **more: Any) -> TestResponse:
    return caller.call("POST", path, data=body, content_type=content_type, **more)


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b'{"name": "A",}',
            b'{"name": "A", "name": "B"}',
            b'{"custom": {"a": 1, "a": 2}}',
            b'{"name": NaN}',
            b'{"name": -Infinity}',
            b'{"name": 1e999}',
            b'{"name": ' + b"9" * 5000 + b"}",
            b'{"name": "\xff"}',
            '{"name": "A"}'.encode("utf-16"),
            b'\xef\xbb\xbf{"name": "A"}',
            b"[]",
            b'"name"',
            b"null",
            b"name=A",
            b"\0",
            b"[" * 500_000,
            b'{"a":' * 150_000,
            b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
        ],
        ids=lambda body: repr(body[:24]),
    )
    def test_what_is_no_json_object_is_400(self, caller: Caller, body: bytes) -> None:
        assert refusal(post(caller, "applications", body)) == (400, 400)

    @pytest.mark.parametrize("body", [b'{"name": "A\\u0000"}', b'{"name": "\\ud800"}'])
    def test_text_that_cannot_be_stored_is_refused(self, caller: Caller, body: bytes) -> None:
        assert refusal(post(caller, "applications", body)) == (400, 2005)

    @pytest.mark.parametrize(
        "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"]
    )
    def test_another_content_type_is_415(self, caller: Caller, content_type: str | None) -> None:
        assert refusal(post(caller, "applications", b'{"name": "A"}', content_type)) == (415, 1101)

    @pytest.mark.parametrize("content_type", ["application/json;charset=UTF-8", "Application/JSON"])
    def test_json_is_spelled_in_several_ways(self, caller: Caller, content_type: str) -> None:
        assert post(caller, "applications", b'{"name": "A"}', content_type).status_code == 201

    def test_no_body_is_an_empty_object(self, caller: Caller, world: World) -> None:
        assert refusal(post(caller, "applications", b"", None)) == (400, 2000)
        assert refusal(post(caller, world.application, b"", None)) == (400, 400)

    def test_a_body_where_none_belongs_is_ignored(self, caller: Caller, world: World) -> None:
        assert caller.call("GET", world.application, data=b"{", content_type="text/plain").status_code == 200
        assert caller.call("DELETE", world.group(), data=b"{", content_type="text/plain").status_code == 204

    @pytest.mark.parametrize(("blanks", "status"), [(LARGEST, 413), (LARGEST - 12, 413), (LARGEST - 13, 201)])
    @pytest.mark.parametrize("told", [True, False])
    def test_a_body_above_the_limit_is_413_whether_its_length_is_told_or_not(
        self, caller: Caller, blanks: int, status: int, told: bool
    ) -> None:
        """Of a body in chunks only the server knows where it ends."""
        body = b'{"name": "A"}' + b" " * blanks
        environ: dict[str, Any] = {} if told else {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
        assert post(caller, "applications", body, environ_overrides=environ).status_code == status

    def test_a_body_shorter_than_it_was_told_is_400(self, caller: Caller) -> None:
        """Somebody hung up."""
        answer = post(caller, "applications", b'{"name": "A"}', environ_overrides={"CONTENT_LENGTH": "1000"})
        assert refusal(answer) == (400, 400)

    @pytest.mark.parametrize("length", ["", "0", "9" * 30])
    def test_a_length_that_is_none_is_no_mistake_of_ours(self, caller: Caller, length: str) -> None:
        answer = post(caller, "applications", b'{"name": "A"}', environ_overrides={"CONTENT_LENGTH": length})
        assert 400 <= answer.status_code < 500

    def test_nothing_is_written(self, caller: Caller, world: World) -> None:
        for body in (b'{"name": "A"', b'{"name": "A", "name": "A"}', b'{"name": "A", "nome": "A"}'):
            assert post(caller, "applications", body).status_code == 400
        assert len(world.items(f"{world.tenant}/applications")) == 1


class TestQueries:
    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("q=%zz", 2100),
            ("q=%", 2100),
            ("q=%ff", 2100),
            ("q=\xff", 2100),
            ("q=a%00b", 2100),
            ("&".join(f"a{n}=b" for n in range(101)), 2100),
            ("q=" + "a" * 40_000, 2100),
            ("q=a&q=b", 2102),
            ("limit=1&limit=1", 2102),
            ("q=", 2101),
            ("q", 2101),
            ("expand=", 2101),
            ("limit=0", 2103),
            ("limit=1000000000", 2103),
            ("limit=%D9%A3", 2103),
            ("offset=-1", 2103),
            ("orderBy=,", 2104),
            ("shoe=red", 2105),
            ("expand=groups(", 2107),
            ("expand=everything", 2107),
            ("createdAt=[2015,2014]", 2108),
            ("encryptSecret=perhaps", 2103),
        ],
    )  # fmt: skip
    def test_it_is_refused_with_its_code(self, caller: Caller, world: World, query: str, code: int) -> None:
        environ = {"QUERY_STRING": query}
        answer = caller.call("GET", f"{world.directory}/accounts", environ_overrides=environ)
        assert refusal(answer) == (400, code)

    @settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(query=st.text(st.characters(max_codepoint=255)), body=st.binary(max_size=200), path=st.text(max_size=40))
    def test_nothing_makes_the_server_fail(
        self, caller: Caller, world: World, query: str, body: bytes, path: str
    ) -> None:
        path = path.encode("utf-8", "surrogatepass").decode("latin-1")
        for method, target in [("GET", f"{world.directory}/accounts"), ("POST", "applications"), ("GET", path)]:
            answer = caller.call(
                method, "", data=body, content_type=JSON,
                environ_overrides={"QUERY_STRING": query, "PATH_INFO": f"/v1/{target}"},
            )  # fmt: skip
            assert answer.status_code < 500


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "",
            "/",
            "applications/",
            "applications//accounts",
            "applications/../tenants",
            "applications/%00",
            "applications/%ff",
            "applications/%2e%2e",
            "applications/" + "a" * 5000,
            "/".join("a" * 3000),
            "applications/1/accounts/2/groups",
            "tenants/current/",
            "tenants/current/nothing",
            "customData",
            "applications/é",
        ],
        ids=lambda path: path[:24],
    )
    def test_what_names_nothing_is_404(self, caller: Caller, path: str) -> None:
        for method in ("GET", "POST", "DELETE"):
            assert refusal(caller.call(method, path)) == (404, 404)

    def test_the_id_of_another_kind_is_404(self, caller: Caller, world: World) -> None:
        _, id = world.application.split("/")
        assert refusal(caller.get(f"directories/{id}")) == (404, 404)


class TestHeaders:
    @pytest.mark.parametrize(
        "value", ["", "\xff" * 100, "Basic " + "A" * 100_000, "SAuthc1 " + "a/" * 10_000, basic("", "")]
    )
    def test_odd_credentials_are_401(self, caller: Caller, value: str) -> None:
        assert refusal(caller.call("GET", "x", environ_overrides={"HTTP_AUTHORIZATION": value})) == (401, 401)
