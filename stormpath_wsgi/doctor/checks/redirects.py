"""Where visitors are sent, and whose word is taken for where the site is, and who asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from stormpath_wsgi.doctor.check import Grade, Need, Seen, of_site
from stormpath_wsgi.doctor.connection import Answer
from stormpath_wsgi.doctor.outbox import written_by
from stormpath_wsgi.doctor.site import STRANGER, Site, Skip

#: Spellings that some browser or proxy reads as another site.
AWAY = (
    f"https://{STRANGER}/",
    f"//{STRANGER}/",
    f"/\\{STRANGER}/",
    f"/%2F{STRANGER}/",
    f"/\t/{STRANGER}/",
    f"https:{STRANGER}/",
    "javascript:alert(1)",
)
#: Headers by which a server in front tells who is signed in.
IDENTITY = ("Remote-User", "REMOTE-USER", "X-Remote-User", "X-Forwarded-User", "X-Forwarded-Email")

_IN_LINK = re.compile(rf"(?i)(?:href|action|src)\s*=\s*[\"']?[^\"'>]*{re.escape(STRANGER)}")


def _leads(site: Site, answer: Answer) -> bool:
    return 300 <= answer.status < 400 and site.leads_away(answer.header("Location"))


@of_site(
    "redirect",
    "The parameter next leads to another site",
    Grade.MEDIUM,
    why="A link of this site ends on a copy of its sign-in page, which asks for the password once more.",
    mend="redirect to paths of this site only; ours check next",
    docs="security",
)
def redirect(site: Site) -> Iterator[Seen]:
    """``next`` with an address elsewhere is followed, after a sign-out or by somebody who is signed in."""
    for target in AWAY:
        query = f"?next={quote(target, safe='')}"
        answers = [site.browser().post(site.places.logout + query, {}, Origin=site.connection.origin)]
        if site.account is not None:
            answers.append(site.signed_in[0].get(site.places.login + query))
        for answer in answers:
            if _leads(site, answer):
                yield Seen(f"{answer.path} leads to {answer.header('Location')!r}.", site.address(answer.path))
                return


@of_site(
    "redirect-after-sign-in",
    "A sign-in leads to another site",
    Grade.MEDIUM,
    why="A link to the true sign-in page ends on a copy, which says that the password was wrong.",
    mend="redirect to paths of this site only; ours check next",
    docs="security",
    need=Need.ACCOUNT,
)
def redirect_after_sign_in(site: Site) -> Iterator[Seen]:
    """A sign-in with ``next`` leads elsewhere."""
    for target in AWAY[1:3]:
        _, answer = site.sign_in(query=f"?next={quote(target, safe='')}")
        if _leads(site, answer):
            yield Seen(f"The sign-in leads to {answer.header('Location')!r}.", site.address(site.places.login))
            return


def _repeats(site: Site, answer: Answer) -> bool:
    """Whether links or redirects of *answer* lead to the stranger."""
    return STRANGER in answer.header("Location").partition("?")[0] or bool(_IN_LINK.search(answer.body))


@of_site(
    "host",
    "The Host header of a request becomes part of links",
    Grade.MEDIUM,
    why="A link in a mail, or in a page that a cache keeps, leads to an attacker with the token in it.",
    mend="web: {baseUrl: https://www.example.com}, and a server that knows its names",
    docs="mail",
)
def host(site: Site) -> Iterator[Seen]:
    """A name that is a stranger's, in ``Host``, comes back in a link or a redirect."""
    for path in (site.places.login, site.places.forgot, *site.places.guarded):
        if _repeats(site, site.browser().get(path, Host=STRANGER)):
            yield Seen(f"Host: {STRANGER} comes back in a link.", site.address(path))
            return


@of_site(
    "host-in-mails",
    "The Host header of a request becomes the link of a mail",
    Grade.HIGH,
    why="An attacker asks for a new password of somebody else, whose click brings him the token.",
    mend="web: {baseUrl: https://www.example.com}",
    docs="mail",
    need=Need.OWN_ACCOUNT,
)
def host_in_mails(site: Site) -> Iterator[Seen]:
    """A mail for a new password, asked for with a stranger's ``Host`` and ``X-Forwarded-Host``, leads there."""
    if site.outbox is None or site.account is None:
        raise Skip("mails of the site do not become files on this machine")
    browser = site.browser()
    form = site.form(browser, site.places.forgot, "email")
    fields = {**form.fields, "email": site.account.login}
    told = {"Host": STRANGER, "X_Forwarded_Host": STRANGER}
    mails = written_by(site.outbox, lambda: browser.post(form.action, fields, **told))
    if not mails:
        raise Skip(f"no mail came into {site.outbox}")
    if any(STRANGER in mail for mail in mails):
        yield Seen(f"The mail leads to {STRANGER}.", site.address(site.places.forgot))


@of_site(
    "forwarded-host",
    "X-Forwarded-Host of a stranger is believed",
    Grade.MEDIUM,
    why="It is the same as with Host, and passes proxies that check that one.",
    mend="take X-Forwarded-Host from your proxy only: ProxyFix(app, x_host=0)",
    docs="production#the-proxy",
)
def forwarded_host(site: Site) -> Iterator[Seen]:
    """A name that is a stranger's, in ``X-Forwarded-Host`` or ``Forwarded``, comes back in a link or a redirect."""
    told = {"X_Forwarded_Host": STRANGER, "Forwarded": f"host={STRANGER}"}
    for path in (site.places.login, site.places.forgot, *site.places.guarded):
        if _repeats(site, site.browser().get(path, **told)):
            yield Seen(f"X-Forwarded-Host: {STRANGER} comes back in a link.", site.address(path))
            return


@of_site(
    "identity-header",
    "A header says who is signed in, and anybody can send it",
    Grade.HIGH,
    why="Nobody needs a password.",
    mend="let the proxy delete the header, and the site listen to the proxy alone (a unix socket)",
    docs="production#the-proxy",
)
def identity_header(site: Site) -> Iterator[Seen]:
    """A guarded page opens for who sends a header such as ``Remote-User``."""
    told = {name.replace("-", "_"): "admin" for name in IDENTITY}
    for path in site.places.guarded:
        if site.browser().get(path).status != 200 and site.browser().get(path, **told).status == 200:
            yield Seen(f"It opens for who sends one of {', '.join(IDENTITY)}.", site.address(path))


@of_site(
    "token-in-redirect",
    "A sign-in writes a secret into an address",
    Grade.MEDIUM,
    why="Addresses stand in logs, in the history of browsers and in Referer headers.",
    mend="keep it in a cookie",
    docs="sessions",
    need=Need.ACCOUNT,
)
def token_in_redirect(site: Site) -> Iterator[Seen]:
    """The address after a sign-in holds the value of a cookie."""
    _, answer = site.signed_in
    for cookie in answer.cookies:
        if len(cookie.value) > 8 and cookie.value in answer.header("Location"):
            yield Seen(f"It holds the value of the cookie {cookie.name}.", site.address(site.places.login))
