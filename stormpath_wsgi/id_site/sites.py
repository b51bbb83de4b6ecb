"""The pages of each application: made when they are first asked for, and anew when the application has changed."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import ValidationError

from stormpath_wsgi.directory import DirectoryService
from stormpath_wsgi.id_site.asked import Requests
from stormpath_wsgi.id_site.hosted import HostedSite, Refuses
from stormpath_wsgi.id_site.kept import Kept
from stormpath_wsgi.kinds import parse_duration
from stormpath_wsgi.remembered import Remembered
from stormpath_wsgi.settings import (
    ForwardAuthSettings,
    HealthSettings,
    LookSettings,
    MeSettings,
    MultiTenancySettings,
    OAuth2Settings,
    ReadySettings,
    Settings,
    SiteIdSiteSettings,
    SpaSettings,
    WebSettings,
)
from stormpath_wsgi.slots import EVERYBODY

#: For how many applications the pages are kept, in each process.
MOST = 100

#: How long a session lasts where what the tenant has set cannot be read. It is the documented default.
_SHORT = dt.timedelta(minutes=5)

#: Pages that are about a site, and not about signing in.
_OF_A_SITE: Mapping[str, Any] = {
    "me": MeSettings(enabled=False),
    "forward_auth": ForwardAuthSettings(enabled=False),
    "health": HealthSettings(enabled=False),
    "ready": ReadySettings(enabled=False),
    "oauth2": OAuth2Settings(enabled=False),
    "id_site": SiteIdSiteSettings(),
    "spa": SpaSettings(),
    "multi_tenancy": MultiTenancySettings(),
    "base_path": None,
    "post_login_handler": None,
    "post_registration_handler": None,
    "post_logout_handler": None,
}

# The host of a source in a content policy (CSP Level 3, section 2.3.1): a star only as its first label.
_HOST = re.compile(r"(?:\*\.)?[0-9A-Za-z.-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")


class Made(NamedTuple):
    """What the pages of an application are made of. *asks_organization*: whether the forms ask for one."""

    application_href: str
    callbacks: tuple[str, ...]
    logo: str | None
    idle: dt.timedelta
    absolute: dt.timedelta
    asks_organization: bool


class Sites:
    """The pages of the applications of one directory. Threads may share it.

    *settings*: of this machine. *requests*, *kept*, *refuses*, *clock*: as of :class:`.HostedSite`.
    """

    def __init__(
        self,
        settings: Settings,
        service: DirectoryService,
        *,
        requests: Requests,
        kept: Kept,
        refuses: Refuses,
        clock: Callable[[], float],
    ) -> None:
        self._settings, self._service = settings, service
        parts = urlsplit(service.base_url)
        self._rest: dict[str, Any] = {
            "requests": requests,
            "kept": kept,
            "refuses": refuses,
            "clock": clock,
            "issuer": f"{parts.scheme}://{parts.netloc}",
        }
        self._known: Remembered[str, Mapping[str, Any]] = Remembered(
            service.get,
            generation=service.generation,
            slot=EVERYBODY,
            ttl=settings.cache_ttl.total_seconds(),
            clock=clock,
            size=2 * MOST,
        )
        self._lock = threading.Lock()
        self._sites: OrderedDict[Made, HostedSite] = OrderedDict()

    def site(self, application_id: str, path: str, *, asks_organization: bool) -> HostedSite | None:
        """The pages of the application, whose cookie is for *path*; None: there is no such application here, or it has
        named no address to come back to.

        Raises :class:`~stormpath_wsgi.Error`.
        """
        application = self._known.get(f"applications/{application_id}")
        if not application["authorizedCallbackUris"]:
            return None
        tenant_id = application["tenant"]["href"].rpartition("/")[2]
        of_tenant = self._known.get(f"idSites/{tenant_id}")
        idle, absolute = (parse_duration(of_tenant[name]) or _SHORT for name in ("sessionTti", "sessionTtl"))
        made = Made(
            application_href=application["href"],
            callbacks=tuple(application["authorizedCallbackUris"]),
            logo=of_tenant["logoUrl"],
            idle=min(idle, absolute),
            absolute=absolute,
            asks_organization=asks_organization,
        )
        with self._lock:  # so that two threads do not make the same
            site = self._sites.pop(made, None) or self._make(made, path)
            self._sites[made] = site
            if len(self._sites) > MOST:
                self._sites.popitem(last=False)
        return site

    def _make(self, made: Made, path: str) -> HostedSite:
        targets = set(form_targets(made.callbacks))
        settings = settings_for(self._settings, made, self._rest["issuer"] + path)
        return HostedSite(settings, self._service, made.application_href, form_targets=targets, **self._rest)


def settings_for(settings: Settings, made: Made, address: str) -> Settings:
    """The *settings* of this machine, for the pages of one application at *address*. Where that is https, cookies are
    Secure unless something else is set.
    """
    path, secure = urlsplit(address).path, address.startswith("https:")
    session = settings.session.model_copy(
        update={
            "cookie_path": path,
            "cookie_domain": None,
            "cookie_secure": settings.session.cookie_secure if settings.session.cookie_secure is not None else secure,
            "idle": made.idle,
            "absolute": made.absolute,
            "remember": made.absolute,
        }
    )
    return settings.model_copy(
        update={
            "session": session,
            "web": _web(settings.web, made).model_copy(update={"base_url": address}),
            "credentials": ("session",),
            "cookies": "session",
            "protect": {},
            "preflight": (),
            "challenge_on_401": False,
        }
    )


def _web(web: WebSettings, made: Made) -> WebSettings:
    login = web.login.model_copy(update={"enabled": True, "next_uri": "/", "remember_me": False, "send_on": True})
    register = web.register_.model_copy(update={"next_uri": "/", "auto_login": True})
    if made.asks_organization:
        login = login.model_copy(update={"form": _asking(login.form)})
        register = register.model_copy(update={"form": _asking(register.form)})
    return web.model_copy(
        update={
            **_OF_A_SITE,
            "login": login,
            "register_": register,
            "logout": web.logout.model_copy(update={"next_uri": "/", "also_at": ()}),
            "second_factor": web.second_factor.model_copy(update={"next_uri": "/"}),
            "look": _look(web.look, made.logo),
        }
    )


def _asking(form: Any) -> Any:
    """The *form* with its field for an organization."""
    name = "organizationNameKey"
    field = form.fields[name].model_copy(update={"enabled": True, "visible": True})
    return form.model_copy(update={"fields": {**form.fields, name: field}})


def _look(look: LookSettings, logo: str | None) -> LookSettings:
    """The *look* with the *logo* that the tenant has set for its ID Site, if it is one that pages can show."""
    if logo is None:
        return look
    try:
        LookSettings(logo=logo)
    except ValidationError:
        return look
    return look.model_copy(update={"logo": logo, "logo_dark": None})


def form_targets(callbacks: tuple[str, ...]) -> Iterator[str]:
    """The sources of a content policy for the addresses *callbacks*: browsers hold the redirect that follows a form to
    ``form-action`` as well.
    """
    for each in callbacks:
        scheme, colon, rest = each.partition(":")
        host = re.split(r"[/?#]", rest.removeprefix("//"), maxsplit=1)[0].rpartition("@")[2]
        if "*" in host:  # a policy knows a star for a whole first label only
            host = f"*.{host.partition('*')[2].partition('.')[2]}"
        if scheme.lower() not in ("http", "https"):
            if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) and colon:
                yield f"{scheme}:"
        elif _HOST.fullmatch(host):
            yield f"{scheme}://{host}"
