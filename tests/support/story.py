"""What an example has to do, whatever its framework: a page for everybody, one for members, one for a group."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.types import WSGIApplication

from webtest import TestApp  # type: ignore[import-untyped]
from werkzeug.middleware.lint import LintMiddleware

from stormpath_wsgi import StormpathMiddleware
from stormpath_wsgi.testing import TestSite

EXAMPLES = Path(__file__).parents[2] / "examples"

#: What a path may end with, for one framework or another, and still mean the same page.
_ENDS = ("/", ".json", ".html", ";x", "/.", "%20")


@contextmanager
def example(name: str) -> Iterator[WSGIApplication]:
    """What ``application`` is in the example of that *name*. The settings come from the environment."""
    application: StormpathMiddleware = runpy.run_path(str(EXAMPLES / name))["application"]
    try:
        yield application
    finally:
        application.client.close()


def visit(application: WSGIApplication) -> TestApp:
    """A browser without cookies."""
    return TestApp(LintMiddleware(application), extra_environ={"HTTP_ACCEPT": "text/html"})


def everybody_gets_as_far_as_his_groups_allow(
    application: WSGIApplication, group: str = "/admins", refusal: int = 403
) -> None:
    """*group*: the address that is for the group ``admins``. *refusal*: the status for others who are signed in."""
    with TestSite(application) as site:
        stranger = visit(application)
        assert "Ada" not in stranger.get("/")
        for path in ("/members", group):
            refused = stranger.get(path)
            assert (refused.status_code, "/login?next=" in refused.location) == (302, True)
        for path in (group + end for end in _ENDS):
            assert "or admins" not in stranger.get(path, expect_errors=True)

        visitor = site.login_as("ada", client=visit(application))
        home = visitor.get("/")
        assert "ada" in home.text.lower()
        assert "Cookie" in home.headers["Vary"]
        assert visitor.get("/members").status_code == 200
        assert visitor.get(group, expect_errors=True).status_code == refusal
        assert site.login_as("ada", groups=["admins"], client=visitor).get(group).status_code == 200

        visitor.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
        assert visitor.get("/members").status_code == 302
