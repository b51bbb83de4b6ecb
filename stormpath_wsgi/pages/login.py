"""The page where people sign in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from webob import Request, Response

from stormpath_wsgi.codes import Code
from stormpath_wsgi.cookie import Cookie
from stormpath_wsgi.flows import Finished, PasskeyRefused, SignInRefused, SocialRefused, Unfinished
from stormpath_wsgi.pages.answer import redirect
from stormpath_wsgi.pages.form import ORGANIZATION, Form, FormByHost, is_blank
from stormpath_wsgi.pages.page import FormPage, Outcome
from stormpath_wsgi.pages.parameters import STOLEN, read_query
from stormpath_wsgi.pages.passkeys import ANSWER, CHALLENGE, not_confirmed
from stormpath_wsgi.pages.refusal import Invalid, Refusal, Wait, invalid
from stormpath_wsgi.pages.sentences import INVALID_LOGIN, SENTENCES
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.pages.social_links import SocialButtons, organization_href, social_context
from stormpath_wsgi.policy import FORBIDDEN
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import FieldSettings, LoginForm, LoginSettings
from stormpath_wsgi.texts import Texts, marked
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.organizations import organization_of, place_of

#: What a single-page app is told whose visitor is asked for more than a password.
MORE = marked("There is one more step before you are signed in.")

#: Seconds within which an application sends somebody back whom we have sent on, when it does not let him in.
AT_ONCE = 10


#: The field that keeps a browser signed in, and what a ticked box may be worth.
REMEMBER_ME, TICKED = "rememberMe", ("true", "on", "1")


class RememberMe(NamedTuple):
    """The check box "Keep me signed in" as the template sees it: the name of the field, and whether it is ticked."""

    name: str
    checked: bool


class Banner(NamedTuple):
    """A message above the form: its heading and its text, both in English."""

    title: str
    text: str
    #: ``good``: something was done. ``info``: something to know.
    tone: str = "info"


#: The only thing but :data:`INVALID_LOGIN` that is told: the directory says it only to who knows the password.
UNVERIFIED = Banner(
    marked("Your Account Is Not Verified Yet."),
    marked("We sent you an email. Follow the link in it to activate your account, then sign in here."),
)

#: What is told of a stolen password where it signs nobody in. Only who knows the password reads it.
MAILED_INSTEAD = marked(
    "This password is on lists of stolen passwords, so it signs nobody in. We mailed you a link: choose another one."
)

NOT_THIS_ACCOUNT = marked("That account has no access to the page you asked for. Sign in with another one.")
AS_SOMEBODY_ELSE = marked("Sign in as somebody else.")

#: What ``?status=`` says to strangers. Other values say nothing.
BANNERS = {
    "unverified": Banner(
        marked("Your address is not verified yet."),
        marked("We mailed you a link. Open it to activate your account, then sign in here."),
    ),
    "verified": Banner(marked("Your address is verified."), marked("You can now sign in."), "good"),
    "created": Banner(marked("Your account is ready."), marked("You can now sign in."), "good"),
    "signed_out": Banner(marked("You are signed out."), "", "good"),
    "forgot": Banner(
        marked("Check your mail"),
        marked(
            "If the address that you gave has an account, a link is on its way. It works once. Nothing after a few "
            "minutes? Look in the spam folder, or send it again."
        ),
    ),
    "reset": Banner(marked("Your password is changed."), marked("Sign in with the new one."), "good"),
    "over": Banner(marked("That took too long."), marked("Sign in once more.")),
    "deletion": Banner(
        marked("Your account is going to be deleted."),
        marked("You are signed out everywhere. To keep it, sign in before the time is over that our mail tells."),
    ),
    "deleted": Banner(marked("Your account is deleted."), marked("You are signed out everywhere.")),
}

#: The same of who comes from another site. ``%(provider)s``: what it is called.
BY_PROVIDER, CANCELLED, CONNECT, DECLINED = "provider", "cancelled", "connect", "declined"
NOT_SIGNED_IN = marked("%(provider)s did not sign you in. Try again, or use another way.")
NO_ADDRESS = marked("%(provider)s did not tell us your email. Allow that there, and try again.")
OF_PROVIDERS = {
    BY_PROVIDER: Banner(NOT_SIGNED_IN, "", "bad"),
    CANCELLED: Banner(marked("You did not sign in with %(provider)s."), marked("Try again, or use another way.")),
    CONNECT: Banner(
        marked("There is an account with this address already."),
        marked("Sign in with its password, and %(provider)s is connected to it."),
    ),
    "wait": Banner(SENTENCES[Code.TOO_MANY_TRIES], "", "wait"),
    "no-address": Banner(NO_ADDRESS, "", "bad"),
}

#: Another site that has no name.
ANOTHER_SITE = marked("The other site")

#: The member of a JSON document that has what another site has given.
PROVIDER_DATA = "providerData"

#: The page that sends the mail again of which a banner speaks.
SENDS_AGAIN = {"unverified": "verify", "forgot": "forgot"}


class LoginPage(FormPage[LoginSettings]):
    """Username or e-mail, and password.

    Whoever is signed in already is sent on, unless the setting ``sendOn`` is off. ``?status=forbidden``
    (:data:`~stormpath_wsgi.policy.FORBIDDEN`) says that somebody who is signed in was sent here because the account may
    not see the page that was wanted: the form is shown then, with the name of the account and that sentence. Strangers
    get the form as always.

    An application that knows nothing of this may send somebody here who was signed in and sent on before, and so for
    ever. The second time within :data:`AT_ONCE` seconds the page says the same, with status 403.
    """

    name = "login"
    section = LoginSettings
    hosted = "login_uri"

    def __init__(self, site: Site, settings: LoginSettings) -> None:
        super().__init__(site, settings)
        self._forms = FormByHost(settings.form)
        self.form = self._forms.usual
        self._buttons = SocialButtons(site)
        self._sent_on = {https: Cookie("stormpath_sent_on", secure=https or site.secure) for https in (False, True)}

    def form_at(self, request: Request) -> Form:
        return self._forms.at(place_of(request.environ))

    def answer(self, request: Request, *, html: bool) -> Response | None:
        connections, session = self.site.flows.connections, session_of(request.environ)
        if self._connects(request):
            connections.agree(session)
        else:
            connections.forget(session)
        return super().answer(request, html=html)

    def _connects(self, request: Request) -> bool:
        """Whether the page tells the visitor that by signing in another site is connected with the account."""
        return _status(request) == CONNECT and not session_of(request.environ).user.is_authenticated

    def action(self, request: Request) -> str:
        told = {"status": CONNECT, "provider": read_query(request).get("provider")} if self._connects(request) else {}
        return self.site.link(request, self.uri, **told, next=self.site.wanted(request))

    def show(self, request: Request) -> Response:
        """The page with an empty form, or what a single-page app needs to draw it."""
        signed_in = session_of(request.environ).user.is_authenticated
        if not (signed_in and self._settings.send_on) or _status(request) == FORBIDDEN:
            return super().show(request)
        cookie = self._sent_on[request.scheme == "https"]
        if self._comes_back(request):
            answer = self._page(request, HTTPStatus.FORBIDDEN)
            answer.headers.extend(cookie.removal)
            return answer
        answer = redirect(self._destination(request))
        answer.headers.add(*cookie.header(self._way(request), AT_ONCE))
        return answer

    def is_asked(self, posted: Mapping[str, Any], *, html: bool) -> bool:
        """Whether the visitor had the choice to stay signed in. A program that does not know the field had none."""
        return self._settings.remember_me and (html or REMEMBER_ME in posted)

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        if html and ANSWER not in posted:
            self.form_at(request).check_required(posted)
        remember = _is_ticked(posted) if self.is_asked(posted, html=html) else None
        proved = self._by_passkey if ANSWER in posted else self._by_password
        if not html and PROVIDER_DATA in posted:
            proved = self._by_provider
        result = proved(request, posted, remember)
        change = self._change_page(request) if html and result.password_is_known else None
        if isinstance(result, Unfinished):
            self.site.flows.connections.agree(session_of(request.environ), result)
            raise self._more(request, result, change)
        return Outcome(result.account, change or self._destination(request), signed_in=True)

    def _by_password(self, request: Request, posted: Mapping[str, Any], remember: bool | None) -> Finished | Unfinished:
        login: Any = posted.get("login")
        password: Any = posted.get("password")
        organization = self._organization(request, posted)
        session = session_of(request.environ)
        try:
            return self.site.flows.sign_in.with_password(
                session, login, password, organization_name_key=organization, remember=remember
            )
        except SignInRefused as refused:
            raise self._refusal(request, refused) from refused

    def _by_passkey(self, request: Request, posted: Mapping[str, Any], remember: bool | None) -> Finished | Unfinished:
        passkeys, session, answer = self.site.flows.passkeys, session_of(request.environ), posted.get(ANSWER)
        here = organization_of(request.environ)
        key = None if here is None else here.name_key
        try:
            return passkeys.sign_in(
                session, posted.get(CHALLENGE), answer, organization_name_key=key, remember=remember
            )
        except PasskeyRefused as refused:
            raise not_confirmed(refused) from refused
        except SignInRefused as refused:
            raise self._refusal(request, refused) from refused

    def _by_provider(self, request: Request, posted: Mapping[str, Any], remember: bool | None) -> Finished | Unfinished:
        data, here = posted[PROVIDER_DATA], organization_href(request)
        try:
            return self.site.flows.social.with_proof(
                session_of(request.environ), data, organization=here, remember=remember
            )
        except SocialRefused as refused:
            id = data.get("providerId") if isinstance(data, Mapping) else None
            known = isinstance(id, str) and id in self.site.flows.social.offered(here)
            raise self.social_refusal(refused, self._buttons.label(str(id)) if known else "") from refused
        except SignInRefused as refused:
            raise self._refusal(request, refused) from refused

    @staticmethod
    def social_refusal(refused: SocialRefused, label: str) -> Refusal:
        """What a program is told that another site has not let somebody in. *label*: what that is called. Raises
        :class:`Wait`.
        """
        Wait.check(refused)
        message = NO_ADDRESS if refused.code is Code.PROVIDER_LACKS else NOT_SIGNED_IN
        refusal = Invalid(message, provider=label or ANOTHER_SITE)
        refusal.reason = refused.reason
        return refusal

    def account_stores(self, request: Request) -> list[dict[str, Any]]:
        return self._buttons.documents(request)

    def context(self, request: Request) -> dict[str, Any]:
        return {**self._context(request), **social_context(self.site, self._buttons, request)}

    def _context(self, request: Request) -> dict[str, Any]:
        user, texts = session_of(request.environ).user, texts_of(request.environ)
        if user.is_authenticated:
            forbidden = _status(request) == FORBIDDEN or self._comes_back(request)
            title = texts.gettext("You are signed in as %(email)s.", email=user.email)
            banner = Banner(title, texts.gettext(NOT_THIS_ACCOUNT if forbidden else AS_SOMEBODY_ELSE))
            return {"labels": self._labels(texts), "banner": banner, "signed_in_as": user.email, "forbidden": forbidden}
        status, provider = _status(request), self._provider(request)
        found = BANNERS.get(status) or OF_PROVIDERS.get(status)
        return {
            "labels": self._labels(texts),
            "banner": self._by_listener(request, status)
            or (found and _in_words(found, texts, provider=texts.gettext(provider))),
            "sends_again": SENDS_AGAIN.get(status),
        }

    def _by_listener(self, request: Request, status: str) -> Banner | None:
        """What a listener has said that has refused who came back from another site."""
        said = self.site.said.take(session_of(request.environ)) if status == DECLINED else None
        return None if said is None else Banner(said, "", "bad")

    def _provider(self, request: Request) -> str:
        """What the other site is called that the address names; a name for any where it names none."""
        id = read_query(request).get("provider", "")
        found = id in self.site.flows.social.offered(organization_href(request)) if id else False
        return self._buttons.label(id) if found else ANOTHER_SITE

    def _labels(self, texts: Texts) -> dict[str, str]:
        """What a page calls the fields where their settings say nothing. Who registers with an address alone has no
        username to sign in with.
        """
        documented: Mapping[str, FieldSettings] = LoginForm.model_fields["fields"].default
        register = self.site.web.register_
        by_address = register.enabled and not register.form.fields["username"].enabled
        is_set = self.form.fields["login"].label != documented["login"].label
        return {} if is_set or not by_address else {"login": texts.gettext("Email")}

    def _organization(self, request: Request, posted: Mapping[str, Any]) -> str | None:
        """The key of the organization whose host this is, or else that the visitor names, where one is asked for."""
        here = organization_of(request.environ)
        if here is not None:
            return here.name_key
        key = posted.get(ORGANIZATION) if ORGANIZATION in self.form_at(request).fields else None
        if is_blank(key):
            return None
        if not isinstance(key, str):
            raise Invalid(INVALID_LOGIN)
        return key

    def _refusal(self, request: Request, refused: SignInRefused) -> Invalid:
        """What the visitor is told. Raises :class:`Wait`."""
        Wait.check(refused)
        refusal = invalid(refused)
        if refused.code == Code.PASSWORD_KNOWN:
            refusal.say(MAILED_INSTEAD)
        elif refused.code == Code.ACCOUNT_NOT_VERIFIED:
            refusal.say("%(title)s %(text)s", title=UNVERIFIED.title, text=UNVERIFIED.text)
            refusal.location = self.site.link(request, self.uri, status="unverified", next=self.site.wanted(request))
        else:
            refusal.say(INVALID_LOGIN)
        return refusal

    def _more(self, request: Request, unfinished: Unfinished, onward: str | None) -> Refusal:
        """What a visitor gets who is asked for more: the page that asks it. *onward*: where that leads; None: to where
        the visitor wanted to go.
        """
        refusal = Refusal(MORE, status=HTTPStatus.FORBIDDEN)
        refusal.reason = f"{unfinished.asks} is asked"
        refusal.members = {"asks": unfinished.asks, "pending": unfinished.pending}
        refusal.location = self.site.step(request, unfinished, onward)
        return refusal

    def _change_page(self, request: Request) -> str | None:
        """Where the password is changed, with the way back to where the visitor wanted to go. None: there is no such
        page.
        """
        site = self.site
        if site.address(request, "account") is None:
            return None
        account = site.link(request, site.web.at(site.web.account.uri), **STOLEN, next=self._destination(request))
        return f"{account}#password-panel"

    def _comes_back(self, request: Request) -> bool:
        """Whether we have just sent the same person to the same page."""
        sent = self._sent_on[request.scheme == "https"].texts(request.environ.get("HTTP_COOKIE", ""))
        return self._way(request) in sent

    def _way(self, request: Request) -> str:
        """Who goes where, as a digest: for a cookie."""
        way = f"{session_of(request.environ).user.href} {self._destination(request)}"
        return hashlib.sha256(way.encode()).hexdigest()[:32]

    def _destination(self, request: Request) -> str:
        return self.site.wanted(request) or self.site.link(request, self._settings.next_uri)

    def _page(
        self,
        request: Request,
        status: int = 200,
        posted: Mapping[str, Any] = MappingProxyType({}),
        refusal: Refusal | None = None,
        **more: Any,
    ) -> Response:
        passkeys = self.site.flows.passkeys
        more["passkey"] = passkeys.to_sign_in(session_of(request.environ))
        more["forget"] = passkeys.unknown(posted.get(ANSWER)) if _is_unknown(refusal) else None
        if self._settings.remember_me:
            more["remember_me"] = RememberMe(REMEMBER_ME, _is_ticked(posted))
        return super()._page(request, status, posted, refusal, **more)


def _in_words(banner: Banner, texts: Texts, **values: str) -> Banner:
    title, text = (texts.gettext(each, **values) if each else "" for each in (banner.title, banner.text))
    return Banner(title, text, banner.tone)


def _is_ticked(posted: Mapping[str, Any]) -> bool:
    """Whether the visitor wants to stay signed in. What says neither yes nor no is a no, which is safer."""
    value = posted.get(REMEMBER_ME)
    return value is True or (isinstance(value, str) and value.lower() in TICKED)


def _is_unknown(refusal: Refusal | None) -> bool:
    """Whether a passkey was refused that no account has."""
    return refusal is not None and refusal.reason == Code.PASSKEY_UNKNOWN.name


def _status(request: Request) -> str:
    return read_query(request).get("status", "")
