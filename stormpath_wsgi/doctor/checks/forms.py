"""Forms that are sent from elsewhere, and sign-outs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stormpath_wsgi.doctor.browser import Browser, Form, forms
from stormpath_wsgi.doctor.check import Grade, Need, Seen, of_site
from stormpath_wsgi.doctor.connection import Answer
from stormpath_wsgi.doctor.site import STRANGER, WRONG, Site, Skip, same

_FROM_ELSEWHERE = {"Origin": f"https://{STRANGER}", "Sec_Fetch_Site": "cross-site"}


def _wrong(site: Site, form: Form, hidden: Mapping[str, str], browser: Browser, **headers: str) -> Answer:
    """The answer to a sign-in by nobody, with these *hidden* fields."""
    return browser.post(form.action, {**hidden, "login": site.nobody, "password": WRONG}, **headers)


def _hidden(form: Form) -> dict[str, str]:
    return {name: value for name, value in form.fields.items() if name not in ("login", "password")}


def _is_believed(site: Site, form: Form, hidden: Mapping[str, str], browser: Browser, **headers: str) -> bool:
    """Whether the form is answered as the same one from the page itself."""
    own = site.browser()
    good = site.form(own, site.places.login, "login")
    usual = _wrong(site, good, _hidden(good), own)
    return same(usual, _wrong(site, form, hidden, browser, **headers))


@of_site(
    "form-token-missing",
    "The sign-in form is taken without a token",
    Grade.HIGH,
    why="A page elsewhere signs visitors in as somebody else, who reads what they do (login CSRF).",
    mend="put the hidden field {{ csrf_field }} with {{ csrf_token() }} into the form, and check it",
    docs="security",
)
def token_missing(site: Site) -> Iterator[Seen]:
    """A sign-in without any hidden field, from another site, is looked at."""
    browser = site.browser()
    form = site.form(browser, site.places.login, "login")
    if _is_believed(site, form, {}, browser, **_FROM_ELSEWHERE):
        yield Seen("A form of another site, without a token, is looked at.", site.address(form.action))


@of_site(
    "form-token-shared",
    "The token of one visitor is good for another one",
    Grade.HIGH,
    why="An attacker fetches a token himself and puts it into his page.",
    mend="bind the token to a cookie of the browser",
    docs="security",
)
def token_shared(site: Site) -> Iterator[Seen]:
    """A sign-in with the hidden fields that another visitor was given, from another site, is looked at."""
    victim = site.browser()
    form = site.form(victim, site.places.login, "login")
    others = _hidden(site.form(site.browser(), site.places.login, "login"))
    if _is_believed(site, form, others, victim, **_FROM_ELSEWHERE):
        yield Seen("A form with the token of another visitor is looked at.", site.address(form.action))


@of_site(
    "form-get",
    "A form writes the password into an address",
    Grade.HIGH,
    why="Addresses stand in logs, in the history of browsers and in Referer headers.",
    mend='<form method="post">',
    docs="pages",
)
def by_get(site: Site) -> Iterator[Seen]:
    """A form with a password that is sent by GET."""
    for form in forms(site.login):
        if "password" in form.fields and form.method != "post":
            yield Seen(f"The form is sent by {form.method.upper()}.", site.address(site.places.login))


@of_site(
    "sign-out-elsewhere",
    "A page of another site can sign people out",
    Grade.LOW,
    why="It is a nuisance, and the first half of login CSRF.",
    mend="let web.logout do it; an own sign-out compares Origin and Sec-Fetch-Site",
    docs="security",
)
def sign_out_elsewhere(site: Site) -> Iterator[Seen]:
    """A sign-out that another site has sent is done."""
    answer = site.browser().post(site.places.logout, {}, **_FROM_ELSEWHERE)
    if 200 <= answer.status < 400:
        yield Seen(f"A form of another site is answered with {answer.status}.", site.address(site.places.logout))


@of_site(
    "sign-out-get",
    "A picture or a link signs people out",
    Grade.LOW,
    why="Whoever can write a picture into a page signs its readers out.",
    mend="sign out by POST only",
    docs="sessions",
    need=Need.ACCOUNT,
)
def sign_out_get(site: Site) -> Iterator[Seen]:
    """GET of the sign-out takes the cookies away."""
    browser, _ = site.sign_in()
    answer = browser.get(site.places.logout, Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="image")
    if any(cookie.is_removal for cookie in answer.cookies):
        yield Seen("GET takes the cookie away.", site.address(site.places.logout))


@of_site(
    "session-after-sign-out",
    "A session is good after a sign-out",
    Grade.HIGH,
    why="Who has copied the cookie stays signed in.",
    mend="end the session where it is kept, not only the cookie: flows.sign_out does",
    docs="sessions",
    need=Need.ACCOUNT,
)
def session_after_sign_out(site: Site) -> Iterator[Seen]:
    """The cookies of before still open a guarded page."""
    browser, _ = site.sign_in()
    path = next((answer.path for answer in map(browser.get, site.places.guarded) if answer.status == 200), None)
    if path is None:
        raise Skip("there is no guarded page to look at")
    copy = site.browser()
    copy.cookies.update(browser.cookies)
    site.sign_out(browser)
    if copy.get(path).status == 200:
        yield Seen("A copy of the cookie still opens it.", site.address(path))
