"""Whatever is sent, a page answers clearly: it neither fails nor signs anybody in."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.browsing import BROWSER, PASSWORD, Visit, make_site
from werkzeug.test import create_environ, run_wsgi_app

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.web.bodies import FORM, JSON

LATIN = st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40)


@pytest.fixture(scope="module")
def site() -> StormpathMiddleware:
    made = make_site(max_body=2000, web={"register": {"autoLogin": True}})
    made.application.accounts.create({"email": "ada@example.org", "password": PASSWORD})
    [directory] = made.client.directories
    directory.account_creation_policy.verification_email_status = "ENABLED"
    directory.account_creation_policy.save()
    return made


@settings(max_examples=300)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
    path=st.sampled_from(
        ["/login", "/register", "/logout", "/me", "/forgot", "/change", "/verify", "/account", "/account/fresh"]
    ),
    query=st.one_of(LATIN, st.builds("next={}&status={}&sptoken={}".format, LATIN, LATIN, LATIN)),
    accept=st.one_of(st.sampled_from([BROWSER, JSON, "*/*", ""]), LATIN),
    cookie=st.one_of(LATIN, st.builds("stormpath_session={}; stormpath_csrf={}".format, LATIN, LATIN)),
    content_type=st.one_of(st.sampled_from([FORM, JSON, "text/plain", "multipart/form-data; boundary=x"]), LATIN),
    length=st.sampled_from(["", "0", "-1", "x", "7", "9" * 30, None]),
    body=st.one_of(
        st.binary(max_size=3000),
        st.builds("login={}&password={}&csrfToken={}".format, LATIN, LATIN, LATIN).map(str.encode),
        st.builds('{{"login": {}, "password": {}}}'.format, LATIN, LATIN).map(str.encode),
        st.builds('{{"sptoken": "{}", "email": "{}"}}'.format, LATIN, LATIN).map(str.encode),
    ),
)
def test_no_request_fails_or_signs_in(
    site: StormpathMiddleware,
    method: str,
    path: str,
    query: str,
    accept: str,
    cookie: str,
    content_type: str,
    length: str | None,
    body: bytes,
) -> None:
    environ = create_environ(path, method=method)
    environ.update(
        QUERY_STRING=query,
        HTTP_ACCEPT=accept,
        HTTP_COOKIE=cookie,
        CONTENT_TYPE=content_type,
        CONTENT_LENGTH=str(len(body)) if length is None else length,
    )
    environ["wsgi.input"] = io.BytesIO(body)
    chunks, status, headers = run_wsgi_app(site, environ, buffered=True)
    assert int(status.split()[0]) < 500
    assert "".join(headers.getlist("Location")).isprintable()
    assert not any("stormpath_session=1" in given for given in headers.getlist("Set-Cookie"))
    assert sum(map(len, chunks)) < 40_000


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_an_application_that_has_gone_is_a_failure_of_ours(visit: Visit, path: str) -> None:
    page = visit.get(path)
    visit.application.delete()
    assert visit.get(path, status=503).headers["Retry-After"]
    page.form["password"] = PASSWORD
    for name in ("login", "email", "givenName", "surname"):
        if name in page.form.fields:
            page.form[name] = "ada@example.org"
    assert page.form.submit(status=503).headers["Retry-After"]
