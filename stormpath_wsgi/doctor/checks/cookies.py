"""The cookies of the sign-in page and of a sign-in."""

from __future__ import annotations

from collections.abc import Iterator

from stormpath_wsgi.doctor.check import Grade, Need, Seen, of_site
from stormpath_wsgi.doctor.connection import Cookie
from stormpath_wsgi.doctor.site import Site, Skip


def _cookies(site: Site) -> Iterator[tuple[Cookie, str]]:
    """The cookies that are set, with the address that sets them: also those of a sign-in, where there is an account."""
    answers = [site.login]
    if site.account is not None:
        answers.append(site.signed_in[1])
    for answer in answers:
        for cookie in answer.cookies:
            if not cookie.is_removal:
                yield cookie, site.address(answer.path)


@of_site(
    "cookie-http-only",
    "Scripts can read a cookie of a sign-in",
    Grade.HIGH,
    why="One injected script is enough to take the session away.",
    mend="set_cookie(…, httponly=True); our own cookies always are",
)
def http_only(site: Site) -> Iterator[Seen]:
    """A cookie without ``HttpOnly``."""
    for cookie, where in _cookies(site):
        if "httponly" not in cookie.attributes:
            yield Seen(f"The cookie {cookie.name} lacks HttpOnly.", where)


@of_site(
    "cookie-secure",
    "A cookie of a sign-in travels over plain http as well",
    Grade.HIGH,
    why="Whoever is on the wire reads it with the first request that is not encrypted.",
    mend="session: {cookieSecure: true}; of Flask's own cookie: SESSION_COOKIE_SECURE = True",
    docs="production#the-proxy",
)
def secure(site: Site) -> Iterator[Seen]:
    """A cookie of an https site without ``Secure``."""
    if not site.is_https:
        raise Skip("the site is looked at by plain http")
    for cookie, where in _cookies(site):
        if "secure" not in cookie.attributes:
            yield Seen(f"The cookie {cookie.name} lacks Secure.", where)


@of_site(
    "cookie-same-site",
    "Browsers send a cookie of a sign-in along with requests of other sites",
    Grade.MEDIUM,
    why="A page elsewhere can act in the name of whoever is signed in.",
    mend="session: {cookieSameSite: Lax}; of Flask's own cookie: SESSION_COOKIE_SAMESITE = 'Lax'",
)
def same_site(site: Site) -> Iterator[Seen]:
    """A cookie without ``SameSite``, or with ``None``."""
    for cookie, where in _cookies(site):
        if cookie.attributes.get("samesite", "none").lower() not in ("lax", "strict"):
            yield Seen(f"The cookie {cookie.name} says neither SameSite=Lax nor Strict.", where)


@of_site(
    "cookie-scope",
    "A cookie of a sign-in is sent to neighbouring hosts",
    Grade.MEDIUM,
    why="Each host of the domain gets the session, the weakest one as well, and can plant one.",
    mend="leave session.cookieDomain out",
)
def scope(site: Site) -> Iterator[Seen]:
    """A cookie with a ``Domain``."""
    for cookie, where in _cookies(site):
        if domain := cookie.attributes.get("domain"):
            yield Seen(f"The cookie {cookie.name} is for all hosts of {domain}.", where)


@of_site(
    "cookie-prefix",
    "A neighbouring host can plant a cookie of a sign-in",
    Grade.LOW,
    why="A visitor can be signed in as somebody else, who reads later what was done in his name.",
    mend="leave session.cookiePath and cookieDomain out; of Flask's own cookie: SESSION_COOKIE_NAME = '__Host-session'",
)
def prefix(site: Site) -> Iterator[Seen]:
    """A cookie of an https site whose name lacks ``__Host-``."""
    if not site.is_https:
        raise Skip("the site is looked at by plain http")
    for cookie, where in _cookies(site):
        if not cookie.name.startswith("__Host-"):
            yield Seen(f"The name of the cookie {cookie.name} does not begin with __Host-.", where)


@of_site(
    "session-fixation",
    "A sign-in keeps the session that was there before",
    Grade.HIGH,
    why="Who has planted a session in a browser is signed in with its owner.",
    mend="make a new session id at each sign-in; ours does",
    docs="sessions",
    need=Need.ACCOUNT,
)
def fixation(site: Site) -> Iterator[Seen]:
    """The value of a cookie that was there before is kept by a sign-in."""
    browser, answer = site.sign_in()
    planted = dict(browser.cookies)
    site.sign_out(browser)
    browser.cookies.update(planted)
    _, again = site.sign_in(browser)
    new = {cookie.name: cookie.value for cookie in again.cookies}
    for cookie in answer.cookies:
        if _is_session(cookie) and new.get(cookie.name, cookie.value) == cookie.value:
            yield Seen(f"A sign-in keeps the value that {cookie.name} had before.", site.address(site.places.login))


def _is_session(cookie: Cookie) -> bool:
    """Whether it may be the one that signs in: it stays, and is none of ours that only choose limits."""
    name = cookie.name.removeprefix("__Host-")
    return not cookie.is_removal and name not in ("stormpath_browser", "stormpath_place")
