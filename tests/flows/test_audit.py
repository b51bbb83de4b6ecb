"""What the pages of a site do is in the audit once: the directory writes it down, and the flow tells the same event."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from support.browsing import PASSWORD, Visit, make_site
from support.questions import site as questions

from stormpath_wsgi.client.local import LocalDataStore

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def form(page: Any, action: str) -> Any:
    return next(each for each in page.forms.values() if "action" in each.fields and each["action"].value == action)


def test_what_people_do_with_their_account_is_one_row_each() -> None:
    site = make_site(questions, audit={"enabled": True}, web={"account": {"apiKeys": True}})
    store = site.client.data_store
    assert isinstance(store, LocalDataStore)
    with closing(site.client):
        Visit(site=site).account()
        visit, other = Visit(site=site), Visit(site=site)
        visit.extra_environ |= {"HTTP_USER_AGENT": AGENT, "REMOTE_ADDR": "203.0.113.7"}
        other.sign_in()
        visit.sign_in()
        asked = form(visit.get("/account?change=new-key"), "make-key")
        asked["name"] = "Nightly backup"
        id = asked.submit(status=200).html.find("dl", class_="secret").find("dd").get_text()
        form(visit.get(f"/account?change=revoke-key&row={id}"), "revoke-key").submit(status=303)
        form(visit.get("/account"), "sign-out-others").submit(status=303)
        deletion = form(visit.get("/account?change=delete"), "delete-account")
        deletion["password"] = PASSWORD
        deletion.submit(status=303)
        store._service.audit.seal()
        rows = [row.entry for row in store._service.audit.rows()]
    assert [(row.event, row.credential) for row in rows if row.event != "ProvedAgain"] == [
        ("Registered", None),
        ("SignedIn", "password"),
        ("SignedIn", "password"),
        ("ApiKeyMade", "session"),
        ("ApiKeyDisabled", "session"),
        ("SessionEnded", "session"),
        ("StatusChanged", "session"),
        ("DeletionAsked", "session"),
        ("SignedOut", "session"),
    ]
    ada = rows[0].account
    assert {(row.account, row.actor, row.address, row.agent) for row in rows[3:]} == {(ada, ada, "203.0.113.7", AGENT)}
