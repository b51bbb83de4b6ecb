"""What the headers of pages let browsers and caches do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from stormpath_wsgi.doctor.check import Grade, Need, Seen, of_site
from stormpath_wsgi.doctor.connection import Answer
from stormpath_wsgi.doctor.site import STRANGER, Site, Skip

#: Seconds by which the clock of a site may be off.
CLOCK = 60

_SAFE_REFERRERS = {
    "no-referrer", "same-origin", "origin", "strict-origin", "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
}  # fmt: skip
_NONCE_OR_HASH = re.compile(r"'(nonce|sha(256|384|512))-")
_VERSION = re.compile(r"\d+\.\d")


def _policy(answer: Answer) -> dict[str, str]:
    """The directives of its content security policy."""
    parts = (part.strip().partition(" ") for part in answer.header("Content-Security-Policy").split(";"))
    return {name.lower(): value.strip() for name, _, value in parts if name}


@of_site(
    "csp-missing",
    "The sign-in page has no content security policy",
    Grade.MEDIUM,
    why="What is injected into the page runs, and sends passwords wherever it likes.",
    mend="Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
)
def csp_missing(site: Site) -> Iterator[Seen]:
    """The sign-in page without ``Content-Security-Policy``."""
    if not _policy(site.login):
        yield Seen("There is no Content-Security-Policy.", site.address(site.places.login))


@of_site(
    "csp-scripts",
    "The content security policy lets injected scripts run",
    Grade.MEDIUM,
    why="The policy is there and stops nothing.",
    mend="take 'unsafe-inline', 'unsafe-eval' and * out of script-src",
)
def csp_scripts(site: Site) -> Iterator[Seen]:
    """A policy whose scripts may come from anywhere."""
    policy = _policy(site.login)
    if not policy:
        raise Skip("there is no policy")
    sources = policy.get("script-src", policy.get("default-src"))
    where = site.address(site.places.login)
    if sources is None:
        yield Seen("The policy has neither script-src nor default-src.", where)
        return
    wide: list[str] = [
        source for source in ("*", "http:", "https:", "data:", "'unsafe-eval'") if source in sources.split()
    ]
    if "'unsafe-inline'" in sources and not _NONCE_OR_HASH.search(sources):
        wide.append("'unsafe-inline'")
    if wide:
        yield Seen(f"Scripts may come from {', '.join(wide)}.", where)


@of_site(
    "framing",
    "Other sites can show the sign-in page in a frame",
    Grade.MEDIUM,
    why="Visitors click there on what they do not see.",
    mend="Content-Security-Policy: frame-ancestors 'none'",
)
def framing(site: Site) -> Iterator[Seen]:
    """Neither ``frame-ancestors`` nor ``X-Frame-Options``."""
    if "frame-ancestors" not in _policy(site.login) and not site.login.header("X-Frame-Options"):
        yield Seen("Neither frame-ancestors nor X-Frame-Options is there.", site.address(site.places.login))


@of_site(
    "sniffing",
    "Browsers may guess what kind of file an answer is",
    Grade.LOW,
    why="A file that somebody has uploaded can become a page of this site.",
    mend="X-Content-Type-Options: nosniff",
)
def sniffing(site: Site) -> Iterator[Seen]:
    """No ``X-Content-Type-Options: nosniff``."""
    if site.login.header("X-Content-Type-Options").lower() != "nosniff":
        yield Seen("There is no X-Content-Type-Options: nosniff.", site.address(site.places.login))


@of_site(
    "referrer",
    "Addresses with a token in them are told to other sites",
    Grade.MEDIUM,
    why="Whoever reads the log of a site that the page links to can set a new password.",
    mend="Referrer-Policy: strict-origin",
)
def referrer(site: Site) -> Iterator[Seen]:
    """The page for a new password without a strict ``Referrer-Policy``."""
    answer = site.browser().get(f"{site.places.change}?sptoken=doctor")
    if answer.status == 404:
        raise Skip(f"there is no page at {site.places.change}")
    policies = [each.strip().lower() for each in answer.header("Referrer-Policy").split(",")]
    if policies[-1] not in _SAFE_REFERRERS:
        yield Seen(f"The Referrer-Policy is {policies[-1] or 'not there'}.", site.address(site.places.change))


@of_site(
    "hsts",
    "Browsers try plain http first",
    Grade.LOW,
    why="Who is on the wire answers the first request himself.",
    mend="Strict-Transport-Security: max-age=31536000",
    docs="production#the-proxy",
)
def hsts(site: Site) -> Iterator[Seen]:
    """An https server that does not say ``Strict-Transport-Security``."""
    if not (site.is_https and site.connection.served):
        raise Skip("only a server that speaks https says it")
    if not site.login.header("Strict-Transport-Security"):
        yield Seen("There is no Strict-Transport-Security.", site.address(site.places.login))


@of_site(
    "cache",
    "A cache may keep pages that are for one person only",
    Grade.HIGH,
    why="A proxy shows the page of one person to the next.",
    mend="Cache-Control: no-store, or Vary: Cookie",
    docs="security",
)
def cache(site: Site) -> Iterator[Seen]:
    """A page with a form, or one of somebody who is signed in, that a shared cache may keep."""
    answers = [site.login] if site.account is None else [site.login, *site.private]
    for answer in answers:
        control, vary = answer.header("Cache-Control").lower(), answer.header("Vary").lower()
        private = any(word in control for word in ("no-store", "private", "no-cache"))
        if not private and not any(word in vary for word in ("cookie", "*")):
            yield Seen("Neither Cache-Control nor Vary keeps it out of shared caches.", site.address(answer.path))


@of_site(
    "cors",
    "Scripts of any site can read what is for one person only",
    Grade.HIGH,
    why="A page elsewhere reads the account of whoever opens it.",
    mend="name the origins in Access-Control-Allow-Origin, or send no Access-Control-Allow-Credentials",
)
def cors(site: Site) -> Iterator[Seen]:
    """An origin that is a stranger's is allowed, with cookies."""
    for path in (site.places.me, site.places.account):
        for origin in (f"https://{STRANGER}", "null"):
            answer = site.browser().get(path, Origin=origin)
            allowed = answer.header("Access-Control-Allow-Origin")
            if allowed == origin and answer.header("Access-Control-Allow-Credentials").lower() == "true":
                yield Seen(f"The origin {origin} may read the answer, with cookies.", site.address(path))


@of_site(
    "server-version",
    "Headers tell the version of a program",
    Grade.INFO,
    why="It says which published holes are worth a try.",
    mend="server_tokens off (nginx), or remove the header",
    docs="production",
)
def server_version(site: Site) -> Iterator[Seen]:
    """``Server`` or ``X-Powered-By`` with a number."""
    for name in ("Server", "X-Powered-By"):
        value = site.login.header(name)
        if _VERSION.search(value):
            yield Seen(f"{name} is {value}.", site.address(site.places.login))


@of_site(
    "clock",
    "The clock of the site is wrong",
    Grade.MEDIUM,
    why="Codes of authenticator apps, signed requests and the ends of sessions depend on it.",
    mend="timedatectl set-ntp true",
    docs="production",
)
def clock(site: Site) -> Iterator[Seen]:
    """A ``Date`` header that is more than a minute off."""
    date = site.login.header("Date")
    if not date:
        raise Skip("the site sends no Date")
    off = parsedate_to_datetime(date).timestamp() - site.now()
    if abs(off) > CLOCK:
        yield Seen(f"It is {abs(off):.0f} seconds {'fast' if off > 0 else 'slow'}.", site.address(site.places.login))


@of_site(
    "plain-http",
    "Passwords travel over plain http to another machine",
    Grade.HIGH,
    why="Everybody on the way reads them.",
    mend="put a proxy with https in front: stormpath-wsgi deploy nginx",
    docs="production#the-proxy",
)
def plain_http(site: Site) -> Iterator[Seen]:
    """An address by http that is not one of the machine to itself."""
    host = site.connection.origin.partition("://")[2].rpartition(":")[0] or site.connection.origin.partition("://")[2]
    if not site.is_https and host.strip("[]") not in ("localhost", "127.0.0.1", "::1"):
        yield Seen("The sign-in page is served by http.", site.address(site.places.login))


@of_site(
    "private-to-strangers",
    "A page for members is open to strangers",
    Grade.HIGH,
    why="Nobody has to sign in at all.",
    mend="protect: {/members: login}",
    docs="policies",
    need=Need.NOTHING,
)
def private(site: Site) -> Iterator[Seen]:
    """A guarded page that a stranger gets with status 200."""
    for path in site.places.guarded:
        if site.browser().get(path).status == 200:
            yield Seen("A stranger gets the page.", site.address(path))
