"""What the pages of one application share: settings, templates, form tokens, and where links lead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from webob import Request

from stormpath_wsgi.client import Application, Client
from stormpath_wsgi.client.other_site import sso_endpoint
from stormpath_wsgi.flows import Flows, Unfinished
from stormpath_wsgi.pages.about import About
from stormpath_wsgi.pages.answer import Answer
from stormpath_wsgi.pages.csrf import FIELD, FormTokens
from stormpath_wsgi.pages.declaration import Declaration
from stormpath_wsgi.pages.look import image_sources
from stormpath_wsgi.pages.next import safe_next, safe_return
from stormpath_wsgi.pages.parameters import read_query
from stormpath_wsgi.pages.refusal import Refusal
from stormpath_wsgi.pages.said import Said
from stormpath_wsgi.pages.spa import SinglePageApp
from stormpath_wsgi.pages.templates import Templates
from stormpath_wsgi.policy import below_mount
from stormpath_wsgi.settings import Settings, WebSettings
from stormpath_wsgi.users import current
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.organizations import organization_of

_LEFT_ALONE = "%/:=&?~#+!$,;'@()*[]"  # in an address that is one already

#: The name of the front page among the links.
HOME = "home"

PROBLEMS = ("error", "unauthorized", "unavailable")


class Site:
    """Lives with the process; threads may share it. *pages*: what all pages declare, served or not. *form_targets*:
    sources of a content policy that the forms of all pages may lead to, beside what these declare.
    """

    def __init__(
        self,
        settings: Settings,
        client: Client,
        application: Application,
        flows: Flows,
        pages: Sequence[Declaration],
        form_targets: Iterable[str] = (),
    ) -> None:
        self.settings = settings
        web = self.web = settings.web
        guarded = web.forward_auth.guarded if web.forward_auth.enabled else {}
        #: Where else than on this site people may go on, as ``scheme://host``.
        self.origins = tuple(host.origin for host in guarded.values())
        self.max_body = settings.max_body
        self.flows = flows
        self.store = client.data_store
        #: The href of the application.
        self.application = application.href
        self.about = About(
            client.data_store,
            application.href,
            ttl=settings.cache_ttl.total_seconds(),
            owner=_organization_here,
            passphrase=settings.passwords.passphrase,
        )
        #: Whether cookies are Secure over plain http too, because a proxy in front of us speaks https.
        self.secure = bool(settings.session.cookie_secure)
        self.tokens = FormTokens(settings.secret_keys, secure=self.secure)
        #: What a page tells on the next one.
        self.said = Said(settings.secret_keys, secure=self.secure)
        #: What browsers get in the place of pages with a form; None: the pages.
        self.spa = SinglePageApp(web.spa.view) if web.spa.enabled and web.spa.view else None
        served = [type(section) for section in web.served.values()]
        self._pages = {page.name: page for page in pages if type(page.settings) in served}
        templates = self._templates = templates_of(web, pages)
        #: Sources that a form may lead to. Browsers hold the redirect that follows a form to form-action as well.
        declared = (_origin(target) for page in pages for target in page.form_targets)
        elsewhere = (sso_endpoint(client.base_url, logout=True),) if web.id_site.enabled else ()
        self._form_targets = {"'self'", *declared, *map(_origin, elsewhere), *form_targets}
        images = " ".join(("'self'", "data:", *image_sources(web.look, (each.mark for each in web.social.values()))))
        self._content_policy = (
            f"default-src 'none'; style-src 'self' {templates.style_source}; script-src {templates.script_source}; "
            f"img-src {images}; font-src 'self'; form-action %s; frame-ancestors 'none'; base-uri 'none'"
        )

    def html(
        self, request: Request, view: str, status: int = 200, *, form_targets: Iterable[str] = (), **context: Any
    ) -> Answer:
        """The template *view* as an answer. It sees *context*, ``links``, ``look``, and how to make a form token.

        *form_targets*: sources of a content policy that its form may lead to, beside those of all pages.
        """
        answer = Answer(status=status)
        targets = sorted({*self._form_targets, *form_targets})
        answer.headers["Content-Security-Policy"] = self._content_policy % " ".join(targets)
        answer.text = self._templates.render(
            view,
            texts_of(request.environ),
            links=Links(self, request),
            csrf_field=FIELD,
            csrf_token=cache(partial(self.tokens.issue, request, answer)),
            status=status,
            look=self._look(request),
            **{**context, "site_name": self._name(request) or context.get("site_name")},
        )
        return answer

    def _look(self, request: Request) -> dict[str, str | None]:
        """The addresses that the settings of the look name, for the browser."""
        look = self.web.look
        dark_only = look.scheme == "dark" and look.logo_dark
        found = {
            "logo": dark_only or look.logo,
            "logo_dark": look.logo_dark if look.scheme == "auto" else None,
            "help": look.help_url,
            "privacy": look.privacy_url,
            "terms": look.terms_url,
        }
        return {name: uri and self.link(request, uri) for name, uri in found.items()}

    def _name(self, request: Request) -> str | None:
        """The name that the settings give the site; None: none, or an organization has one of its own here."""
        return self.web.look.name if organization_of(request.environ) is None else None

    def problem(self, request: Request, view: str, refusal: Refusal, **context: Any) -> Answer:
        """A page that says why there is no other."""
        told = refusal.told(texts_of(request.environ))
        return self.html(request, view, told.status, site_name=self.about.name, error=told, **context)

    def link(self, request: Request, uri: str, **query: str | None) -> str:
        """The address of *uri*, one of our settings, for the browser: below the mount point of the application."""
        address = quote(uri, safe=_LEFT_ALONE)
        if uri.startswith("/"):
            address = below_mount(request.environ, address)
        parameters = urlencode({name: value for name, value in query.items() if value is not None})
        return address + (f"{'&' if '?' in address else '?'}{parameters}" if parameters else "")

    def whole_link(self, request: Request, uri: str) -> str:
        """The same with the host of the request. A proxy may speak https where the request does not."""
        scheme = "https" if self.secure else request.scheme
        return f"{scheme}://{request.host}{self.link(request, uri)}"

    def wanted(self, request: Request) -> str | None:
        """The page that the visitor wanted before he met ours: of this site, or at one of :attr:`origins`."""
        wanted = read_query(request).get("next")
        return safe_next(wanted) or safe_return(wanted, self.origins)

    def step(self, request: Request, unfinished: Unfinished, onward: str | None = None) -> str:
        """Where a visitor goes who is asked for more before he is signed in: the address of the page that asks it.

        *onward*: where that page leads; None: to the page that the visitor wanted.
        """
        uri = self.web.at(unfinished.uri)
        return self.link(request, uri, pending=unfinished.pending, next=onward or self.wanted(request))

    @property
    def names(self) -> list[str]:
        """The names of all pages that are served, or would be if the directory wants it."""
        return [*self._pages]

    def address(self, request: Request, name: str) -> str | None:
        """The address of the page with that *name*; some carry along where the visitor wanted to go. None: it is not
        served.
        """
        page = self._pages.get(name)
        if page is None or not page.is_on(self.about):
            return None
        wanted = self.wanted(request) if page.keeps_next else None
        return self.link(request, self.web.at(page.settings.uri), next=wanted)


def templates_of(web: WebSettings, pages: Iterable[Declaration]) -> Templates:
    """The templates of *pages*. Raises :class:`~stormpath_wsgi.ConfigurationError` when one cannot be used."""
    views = [view for page in pages for view in page.templates]
    select = (web.organization_select.view,) if web.organizations_below else ()
    return Templates.of(web.templates, (*views, *select, *PROBLEMS), web.look)


class Links(Mapping[str, str]):
    """The addresses of our pages that are served, by name, and of the front page (``home``): what templates see.

    Each is made when a template asks for it. To find out whether a page is served may take a question to the directory,
    and the page that says that the directory is away must not ask any.
    """

    def __init__(self, site: Site, request: Request) -> None:
        self._site, self._request = site, request

    def __getitem__(self, name: str) -> str:
        if name == HOME:
            return self._site.link(self._request, self._site.web.at("/"))
        address = self._site.address(self._request, name)
        if address is None:
            raise KeyError(name)
        return address

    def __iter__(self) -> Iterator[str]:
        return (name for name in (HOME, *self._site.names) if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _organization_here() -> str | None:
    """The href of the organization at whose host a request is being served; None: at none."""
    session = current.get(None)
    environ = getattr(session, "environ", None)
    organization = environ and organization_of(environ)
    return organization.href if organization else None


def _origin(target: str) -> str:
    if target.startswith("/"):
        return "'self'"
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}"
