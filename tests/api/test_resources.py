"""Methods and paths: which verb answers, and with which status and headers."""

from __future__ import annotations

import base64
import ssl
import threading
import uuid
from contextlib import closing
from pathlib import Path

import pytest
from support import cheap
from support.callers import Caller, refusal
from support.world import BASE, ENCRYPTION_KEY, PASSWORD, World, link, path
from werkzeug.test import Client

from stormpath_wsgi.api import RestAPI
from stormpath_wsgi.directory import DirectoryService, open_directory
from stormpath_wsgi.directory.crypto.secrets import Secrets


class TestReading:
    def test_a_resource_is_answered_whole(self, caller: Caller, world: World) -> None:
        answer = caller.get(world.application)
        assert answer.status_code == 200
        assert answer.json == world.service.get(world.application)

    def test_every_answer_has_an_id_and_is_kept_by_nobody(self, caller: Caller, world: World) -> None:
        answers = [caller.get(world.application), caller.get("nothing"), caller.get("tenants/current")]
        assert len({uuid.UUID(answer.headers["Stormpath-Request-Id"]) for answer in answers}) == 3
        assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
        assert {answer.headers["Content-Type"] for answer in answers} == {"application/json;charset=UTF-8"}

    def test_a_link_is_expanded(self, caller: Caller, world: World) -> None:
        answer = caller.get(world.application, expand="tenant,accounts(limit:1)")
        assert answer.json is not None
        assert answer.json["tenant"]["key"] == "stormpath"
        assert answer.json["accounts"]["limit"] == 1

    def test_parameters_that_mean_nothing_to_a_resource_are_ignored(self, caller: Caller, world: World) -> None:
        assert caller.get(world.application, nocache="true", encryptSecret="false").status_code == 200

    def test_a_collection_is_searched_and_paged(self, caller: Caller, world: World) -> None:
        for name in ("ada", "grace", "adam"):
            world.account(f"{name}@example.org")
        answer = caller.get(f"{world.directory}/accounts", email="ada*", limit="1", orderBy="email Desc")
        assert answer.json is not None
        assert (answer.json["size"], [item["email"] for item in answer.json["items"]]) == (2, ["adam@example.org"])

    def test_head_tells_what_get_would(self, caller: Caller, world: World) -> None:
        get, head = caller.get(world.application), caller.call("HEAD", world.application)
        assert (head.status_code, head.content_length, head.data) == (200, get.content_length, b"")

    def test_the_own_tenant_is_elsewhere(self, caller: Caller, world: World) -> None:
        """Without the query, which clients that follow send again."""
        answer = caller.get("tenants/current", expand="applications")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"{BASE}/{world.tenant}")

    def test_collections_of_the_own_tenant_are_there(self, caller: Caller, world: World) -> None:
        answer = caller.get("tenants/current/applications")
        assert answer.json is not None and answer.json["href"] == f"{BASE}/{world.tenant}/applications"

    def test_a_good_token_is_elsewhere(self, caller: Caller, world: World) -> None:
        token = world.session(world.account())
        answer = caller.get(f"{world.application}/authTokens/{token}", expand="account")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"{BASE}/refreshTokens/{token}")

    def test_a_token_that_is_none_is_the_callers_mistake(self, caller: Caller, world: World) -> None:
        status, _ = refusal(caller.get(f"{world.application}/authTokens/{uuid.uuid4().hex}"))
        assert status in (400, 404)


class TestWriting:
    def test_what_is_made_is_answered_whole_and_told_where_it_is(self, caller: Caller, world: World) -> None:
        answer = caller.post("applications", {"name": "Shop"}, createDirectory="true", expand="tenant")
        assert answer.status_code == 201 and answer.json is not None
        assert answer.headers["Location"] == answer.json["href"]
        assert (answer.json["name"], answer.json["tenant"]["key"]) == ("Shop", "stormpath")
        assert caller.get("tenants/current/directories", name="Shop Directory").json["size"] == 1  # type: ignore[index]

    def test_the_value_of_create_directory_may_not_be_empty(self, caller: Caller) -> None:
        assert refusal(caller.post("applications", {"name": "Shop"}, createDirectory="")) == (400, 2000)

    def test_a_change_answers_the_whole_resource(self, caller: Caller, world: World) -> None:
        answer = caller.post(world.application, {"description": "Of ours"})
        assert (answer.status_code, answer.json) == (200, world.service.get(world.application))

    def test_a_client_may_save_what_it_has_just_read(self, caller: Caller, world: World) -> None:
        """Not every kind has a ``modifiedAt``, and then there is nothing to store."""
        key = path(world.service.create(f"{world.account()}/apiKeys", {}))
        id_site = world.tenant.replace("tenants/", "idSites/")
        for resource in (world.application, key, id_site):
            read = caller.get(resource).json
            assert caller.post(resource, {"href": "x"}).status_code == 200
            answer = caller.post(resource, read)
            assert (answer.status_code, answer.json and answer.json["href"]) == (200, read and read["href"])

    def test_what_is_deleted_is_gone(self, caller: Caller, world: World) -> None:
        group = world.group()
        answer = caller.delete(group)
        assert (answer.status_code, answer.data, "Content-Type" in answer.headers) == (204, b"", False)
        assert refusal(caller.get(group)) == (404, 404)

    def test_a_delete_with_the_content_type_of_a_body_and_none_is_good(self, caller: Caller, world: World) -> None:
        """Stormpath's SDK for Python sends every request so."""
        answer = caller.call("DELETE", world.group(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 204

    def test_a_post_may_mean_a_delete(self, caller: Caller, world: World) -> None:
        group = world.group()
        assert caller.post(group, _method="DELETE").status_code == 204
        assert refusal(caller.get(group)) == (404, 404)

    @pytest.mark.parametrize("method", ["GET", "PUT", "", "OPTIONS"])
    def test_and_nothing_else(self, caller: Caller, world: World, method: str) -> None:
        assert refusal(caller.post(world.application, _method=method)) == (405, 405)

    def test_a_key_of_custom_data_is_removed(self, caller: Caller, world: World) -> None:
        data = f"{world.account(customData={'hat': 'red', 'shoes': 'blue'})}/customData"
        assert caller.delete(f"{data}/hat").status_code == 204
        document = caller.get(data).json
        assert document is not None and "hat" not in document and document["shoes"] == "blue"

    def test_a_login_attempt_makes_nothing(self, caller: Caller, world: World) -> None:
        account = world.account("ada@example.org")
        value = base64.b64encode(f"ada@example.org:{PASSWORD}".encode()).decode()
        answer = caller.post(f"{world.application}/loginAttempts", {"type": "basic", "value": value})
        assert (answer.status_code, answer.json) == (200, {"account": link(account)})
        assert "Location" not in answer.headers

    def test_a_failed_login_says_the_same_to_people(self, caller: Caller, world: World) -> None:
        world.account("ada@example.org")
        for login, code in (("ada@example.org", 7100), ("eve@example.org", 7104)):
            value = base64.b64encode(f"{login}:nonsense".encode()).decode()
            answer = caller.post(f"{world.application}/loginAttempts", {"value": value})
            assert refusal(answer) == (400, code)
            assert answer.json is not None and answer.json["message"] == "Invalid username or password."

    def test_a_second_link_of_two_accounts_says_where_the_first_is(self, caller: Caller, world: World) -> None:
        accounts = world.account(), world.account(at=world.new_directory())
        link_of_both = {"leftAccount": link(accounts[0]), "rightAccount": link(accounts[1])}
        first, second = (caller.post("accountLinks", link_of_both) for _ in range(2))
        assert (first.status_code, refusal(second)) == (201, (409, 7500))
        assert second.headers["Location"] == first.headers["Location"]


class TestMethods:
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE"])
    def test_others_are_not_offered(self, caller: Caller, world: World, method: str) -> None:
        answer = caller.call(method, world.application)
        assert refusal(answer) == (405, 405)
        assert answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, POST"

    @pytest.mark.parametrize(
        ("path", "allowed"),
        [
            ("applications", "OPTIONS, POST"),
            ("tenants/current", "GET, HEAD, OPTIONS, POST"),
            ("tenants/current/applications", "GET, HEAD, OPTIONS"),
            ("applications/1/oauth/token", "OPTIONS, POST"),
            ("applications/1/passwordResetTokens/2", "GET, HEAD, OPTIONS, POST"),
            ("accounts/emailVerificationTokens/2", "GET, HEAD, OPTIONS, POST"),
            ("accounts/1/customData/hat", "DELETE, OPTIONS"),
        ],
    )
    def test_options_lists_what_a_path_knows(self, caller: Caller, path: str, allowed: str) -> None:
        answer = caller.call("OPTIONS", path)
        assert (answer.status_code, answer.headers["Allow"]) == (204, allowed)

    def test_what_cannot_be_listed_says_what_it_can(self, caller: Caller) -> None:
        answer = caller.get("applications")
        assert refusal(answer) == (405, 405)
        assert answer.headers["Allow"] == "OPTIONS, POST"

    @pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "DELETE", "POST"])
    def test_an_unknown_path_is_the_apis_own_404(self, caller: Caller, method: str) -> None:
        answer = caller.call(method, "i.do.not.exist")
        assert refusal(answer) == (404, 404)
        assert answer.json is not None and answer.json["message"] == answer.json["developerMessage"]


class TestMount:
    @pytest.mark.parametrize("path", ["/", "", "/v1", "/v2/applications", "/v10", "/health", "/v1%00", "/%ff"])
    def test_beside_it_there_is_nothing(self, caller: Caller, path: str) -> None:
        assert refusal(caller.client.get(path, buffered=True)) == (404, 404)

    def test_a_server_may_have_taken_it_off_the_path(self, api: RestAPI, caller: Caller, world: World) -> None:
        mounted = Caller(
            Client(lambda environ, start: api({**environ, "SCRIPT_NAME": "/v1"}, start)), caller.id, caller.secret
        )
        answer = mounted.call("GET", "x", environ_overrides={"PATH_INFO": f"/{world.application}"})
        assert answer.status_code == 200

    def test_it_may_be_the_root(self, world: World, caller: Caller) -> None:
        service = DirectoryService(world.database, "https://id.example.org", secrets=Secrets([ENCRYPTION_KEY]))
        answer = Client(RestAPI(service)).get("/tenants/current", auth=(caller.id, caller.secret), buffered=True)
        assert answer.headers["Location"] == f"https://id.example.org/{world.tenant}"


class TestTokenEndpoint:
    """Grants are the directory's matter; here is how they get there, and how OAuth clients are refused."""

    def test_a_stranger_is_an_invalid_client(self, caller: Caller, world: World) -> None:
        answer = caller.client.post(f"/v1/{world.application}/oauth/token", buffered=True)
        assert refusal(answer) == (401, 401)
        assert answer.json is not None and answer.json["error"] == "invalid_client"

    def test_a_grant_is_in_the_body(self, caller: Caller, world: World) -> None:
        world.account("ada@example.org")
        grant = {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD}
        answer = caller.call("POST", f"{world.application}/oauth/token", data=grant)
        assert answer.status_code == 200 and answer.json is not None
        assert (answer.json["token_type"], answer.headers["Cache-Control"]) == ("Bearer", "no-store")

    def test_or_in_the_query_with_the_content_type_of_json(self, caller: Caller, world: World) -> None:
        """As Stormpath's SDK for Python refreshes."""
        world.account("ada@example.org")
        path = f"{world.application}/oauth/token"
        grant = {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD}
        first = caller.call("POST", path, data=grant).json
        assert first is not None
        grant = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        again = caller.call("POST", path, query_string=grant, headers={"Content-Type": "application/json"})
        assert again.status_code == 200 and again.json is not None
        assert again.json["refresh_token"] == first["refresh_token"]

    @pytest.mark.parametrize(
        ("grant", "code", "word"),
        [
            ({"grant_type": "password", "username": "ada@example.org", "password": "x"}, 7104, "invalid_grant"),
            ({"grant_type": "refresh_token", "refresh_token": "x"}, 10017, "invalid_grant"),
            ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "x"}, 10019, "invalid_client"),
            ({"grant_type": "guess"}, 2003, "unsupported_grant_type"),
            ({"grant_type": "password"}, 2000, "invalid_request"),
            ({}, 2000, "invalid_request"),
        ],
    )
    def test_a_refusal_has_the_word_of_oauth(
        self, caller: Caller, world: World, grant: dict[str, str], code: int, word: str
    ) -> None:
        answer = caller.call("POST", f"{world.application}/oauth/token", data=grant)
        assert refusal(answer) == (400, code)
        assert answer.json is not None and answer.json["error"] == word

    def test_json_is_no_form(self, caller: Caller, world: World) -> None:
        answer = caller.post(f"{world.application}/oauth/token", {"grant_type": "password"})
        assert refusal(answer) == (415, 1101)
        assert answer.json is not None and answer.json["error"] == "invalid_request"

    def test_a_parameter_is_in_the_body_or_in_the_query(self, caller: Caller, world: World) -> None:
        answer = caller.call(
            "POST", f"{world.application}/oauth/token?grant_type=password", data={"grant_type": "password"}
        )
        assert refusal(answer) == (400, 2102)
        assert answer.json is not None and answer.json["error"] == "invalid_request"


class TestFailures:
    def test_a_directory_that_is_gone_is_503_and_asks_to_come_again(self, tmp_path: Path) -> None:
        with closing(open_directory(f"sqlite:///{tmp_path}/accounts.db", cheap.options(base_url=BASE))) as service:
            service.bootstrap()
            caller = Caller(Client(RestAPI(service)), *service.issue_api_key())
            (tmp_path / "accounts.db").rename(tmp_path / "elsewhere.db")
            answer = caller.get("tenants/current")
        assert refusal(answer) == (503, 503)
        assert int(answer.headers["Retry-After"]) > 0

    def test_a_mistake_of_ours_is_told_to_the_log_alone(
        self, caller: Caller, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        secret, here = "a password that the error quotes", threading.get_ident()

        def clock() -> float:  # the thread that looks for mail has a good one
            return float(secret) if threading.get_ident() == here else 0

        broken = DirectoryService(world.database, BASE, clock=clock, secrets=Secrets([ENCRYPTION_KEY]))
        answer = Caller(Client(RestAPI(broken)), caller.id, caller.secret).get(world.application)
        assert refusal(answer) == (500, 500)
        assert answer.json is not None and secret not in answer.text and "ValueError" not in answer.text
        (record,) = caplog.records
        assert f"Request {answer.json['requestId']} failed with ValueError\n" in record.getMessage()
        assert "rest.py" in record.getMessage() and secret not in caplog.text and caller.secret not in caplog.text


class TestDocuments:
    def test_a_certificate_is_no_json_whatever_is_asked_for(self, caller: Caller, world: World) -> None:
        id = world.application.removeprefix("applications/")
        answer = caller.call("GET", f"x509certificates/{id}", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.content_type) == (200, "application/pkix-cert")
        assert answer.data.startswith(b"\x30\x82")  # DER

    @pytest.mark.parametrize(
        ("accept", "content_type"),
        [
            ("", "application/xml"),
            ("*/*", "application/xml"),
            ("application/xml", "application/xml"),
            ("application/json", "application/json;charset=UTF-8"),
            ("application/json; charset=utf-8", "application/json;charset=UTF-8"),
            ("application/xml;q=0.9, application/json;v=1;q=0.8", "application/xml"),
        ],
    )
    def test_metadata_is_xml_unless_json_is_asked_for(
        self, caller: Caller, world: World, accept: str, content_type: str
    ) -> None:
        _, certificate = world.service.document(f"x509certificates/{world.application.removeprefix('applications/')}")
        provider = {
            "providerId": "saml",
            "ssoLoginUrl": "https://idp.example/in",
            "ssoLogoutUrl": "https://idp.example/out",
            "encodedX509SigningCert": ssl.DER_cert_to_PEM_cert(certificate),
        }
        of_directory = world.new_directory(provider=provider).replace("directories", "samlServiceProviderMetadatas")
        of_application = world.application.replace("applications", "samlIdentityProviderMetadatas")
        for metadata in (of_directory, of_application):
            answer = caller.call("GET", metadata, headers={"Accept": accept} if accept else {})
            assert (answer.status_code, answer.content_type.partition("; ")[0]) == (200, content_type)
