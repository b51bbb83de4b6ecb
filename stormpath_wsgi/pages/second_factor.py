"""The page that asks for a second factor: at the sign-in, and in a session that has not proved one yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from webob import Request, Response

from stormpath_wsgi.codes import Code
from stormpath_wsgi.extras import QR
from stormpath_wsgi.flows import Asked, FactorRefused, PendingRefused, Unfinished
from stormpath_wsgi.pages.answer import hide_address, json_answer, redirect
from stormpath_wsgi.pages.form import Form
from stormpath_wsgi.pages.login import TICKED
from stormpath_wsgi.pages.page import FormPage, Outcome
from stormpath_wsgi.pages.parameters import read_query
from stormpath_wsgi.pages.refusal import Refusal, Wait, invalid
from stormpath_wsgi.pages.sentences import EXPIRED
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.policy import NOT_SIGNED_IN
from stormpath_wsgi.session import session_of
from stormpath_wsgi.settings import SecondFactorForm, SecondFactorSettings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of

#: Parameters of the address and fields of the forms: the pending sign-in, the way, the code, whether something is to
#: be sent, whether it was, the app that is being added, and whether this browser is not to be asked again.
PENDING, WAY, CODE, SEND, SENT, FACTOR, TRUST = "pending", "way", "code", "send", "sent", "factor", "rememberBrowser"

#: The value of :data:`WAY` that shows all ways, and the one of who has to set one up first.
ANOTHER, SET_UP = "another", "new-app"

#: What is told of a sign-in that was begun and cannot go on.
OVER = marked("That took too long. Sign in once more.")

#: A way that the account does not have, or not any more.
NO_WAY = marked("That way is not there. Choose another one.")

#: What is wrong with a passkey, and with no field.
OF_PASSKEYS = frozenset({Code.PASSKEY_REFUSED, Code.PASSKEY_UNKNOWN, Code.PASSKEY_COUNT})

NOT_SET_UP = marked("Set up a second factor first, on the page of your account.")


@dataclass(frozen=True, slots=True)
class Shown:
    """How a way is shown: what it is called, marked for the catalogues, and its icon. It has a template of its own, in
    ``templates/factor``. *trusts*: whether the browser may be left in peace after it. *code*: whether a code is typed.
    """

    label: str
    icon: str
    trusts: bool = True
    code: bool = True


#: The ways that the page can show, by name.
WAYS: Mapping[str, Shown] = {
    "app": Shown(marked("Authenticator app"), "app"),
    "passkey": Shown(marked("Passkey"), "passkey", trusts=False, code=False),
    "security-key": Shown(marked("Security key"), "key", trusts=False, code=False),
    "sms": Shown(marked("Text message"), "phone"),
    "mail": Shown(marked("Code by mail"), "mail"),
    "recovery": Shown(marked("Recovery code"), "shield", trusts=False),
}


class SecondFactorPage(FormPage[SecondFactorSettings]):
    """Asks for one way at a time, and leads to the others. Who has none, and must have one, sets up an app here.

    ``?pending=``: the sign-in that is asked; without one, who is signed in. A single-page app reads what is asked with
    GET, and sends the same with POST; ``send`` in the body, or ``way`` alone, begins a way.
    """

    name = "second_factor"
    section = SecondFactorSettings

    def __init__(self, site: Site, settings: SecondFactorSettings) -> None:
        super().__init__(site, settings)
        self.form = Form(SecondFactorForm())
        self._flow = site.flows.second_factor
        self._days = settings.remember.days

    @classmethod
    def templates(cls, settings: SecondFactorSettings) -> tuple[str, ...]:
        return settings.view, *(f"factor/{name}.html" for name in (*WAYS, ANOTHER, SET_UP)), "recovery-codes"

    def answer(self, request: Request, *, html: bool) -> Response | None:
        session, query = session_of(request.environ), read_query(request)
        if query.get(PENDING) is None and (html or request.method != "POST"):
            if session.session is None:
                return self.refuse_stranger(request, self._destination(request))
            if html and request.method != "POST" and session.second_factor is not None:
                return redirect(self._destination(request))
        answer = super().answer(request, html=html)
        return answer and hide_address(answer)

    def show(self, request: Request) -> Response:
        try:
            return self._page(request)
        except (PendingRefused, FactorRefused) as refused:
            return self.refuse(request, {}, self._refusal(request, refused))

    def describe(self, request: Request) -> Response:
        """What is asked, and in which ways it can be answered, for a single-page app."""
        try:
            asked, name = self._asked(request), read_query(request).get(WAY)
            way = asked.way(name) if asked.ways else None
            begun = {} if way is None or way.sends else self._flow.begin(*self._who(request), way.name)
        except (PendingRefused, FactorRefused) as refused:
            refusal = self._refusal(request, refused)
            told = refusal.told(texts_of(request.environ))
            return json_answer({"status": told.status, "message": told.message}, told.status)
        model = self.form.model(texts_of(request.environ))
        ways = [each.name for each in asked.ways]
        return json_answer({"ways": ways, "way": way and way.name, "asked": dict(begun), **model})

    def accept(self, request: Request, posted: Mapping[str, Any], *, html: bool) -> Outcome:
        session, text = self._who(request, posted)
        name = posted.get(WAY, read_query(request).get(WAY))
        try:
            asked = self._flow.asked(session, text)
            if name == SET_UP and asked.is_sign_in and not asked.ways:
                return self._set_up(request, asked, posted, text)
            if posted.get(SEND):
                return self._send(request, text, name, html=html)
            shown = WAYS.get(asked.way(name).name)
            if shown is not None and shown.code:
                self.form.check_required(posted)
            trusts = self._days > 0 and asked.is_sign_in and _is_ticked(posted) and _trusts(asked.way(name).name)
            result = self._flow.answer(session, text, asked.way(name).name, posted, trusts=trusts)
        except (PendingRefused, FactorRefused) as refused:
            raise self._refusal(request, refused) from refused
        if isinstance(result, Unfinished):
            return Outcome(None, self.site.step(request, result), signed_in=False)
        return Outcome(result.account, self._destination(request), signed_in=True)

    def _send(self, request: Request, text: object, name: object, *, html: bool) -> Outcome:
        """Begins a way that sends something, and goes on to the field for what comes."""
        self._flow.begin(session_of(request.environ), text, name)
        here = self._here(request, **{WAY: str(name), SENT: "1"})
        return Outcome(None, here, signed_in=False)

    def _set_up(self, request: Request, asked: Asked, posted: Mapping[str, Any], text: object) -> Outcome:
        """Who must have a second factor, and has none, adds an app before the session begins."""
        account, factors = asked.held.account, self.site.flows.factors
        if posted.get(SEND):
            return Outcome(None, self._here(request, **{FACTOR: factors.begin_app(account).id}), signed_in=False)
        self.form.check_required(posted)
        id = posted.get(FACTOR, read_query(request).get(FACTOR))
        factors.prove_app(account, id, posted.get(CODE))
        result = self._flow.proved(session_of(request.environ), text, asked.held, "app")
        codes = tuple(factors.make_codes(account))
        if isinstance(result, Unfinished):
            return Outcome(None, self.site.step(request, result), signed_in=False, codes=codes)
        return Outcome(account, self._destination(request), signed_in=True, codes=codes)

    def conclude(self, request: Request, outcome: Outcome, *, html: bool) -> Response:
        if not outcome.codes:
            return super().conclude(request, outcome, html=html)
        if not html:
            answer = super().conclude(request, outcome, html=html)
            return json_answer({**(answer.json if answer.body else {}), "recoveryCodes": list(outcome.codes)})
        shown = self.site.html(
            request,
            "recovery-codes",
            site_name=self.site.about.name,
            codes=outcome.codes,
            download=download(outcome.codes),
            onward=outcome.location,
        )
        if outcome.signed_in:
            self.site.tokens.forget(request, shown)
        return shown

    def refuse(self, request: Request, posted: Mapping[str, Any], refusal: Refusal) -> Response:
        """The same way once more, with what is wrong."""
        if refusal.location is not None:
            return redirect(refusal.location)
        try:
            return super().refuse(request, posted, refusal)
        except (PendingRefused, FactorRefused) as refused:
            return redirect(self._refusal(request, refused).location or self._here(request))

    def context(self, request: Request) -> dict[str, Any]:
        query, asked = read_query(request), self._asked(request)
        texts, account = texts_of(request.environ), asked.held.account
        shown = [
            {"name": way.name, "label": texts.gettext(WAYS[way.name].label), "icon": WAYS[way.name].icon,
             "uri": self._here(request, **{WAY: way.name})}
            for way in asked.ways if way.name in WAYS
        ]  # fmt: skip
        context: dict[str, Any] = {
            "email": account.email,
            "ways": shown,
            "other_account": self._other_account(request, asked),
            "another": self._here(request, **{WAY: ANOTHER}) if len(shown) > 1 else None,
            "trust": None,
        }
        if not asked.ways:
            return {**context, **self._setting_up(request, asked, query.get(FACTOR))}
        name = query.get(WAY)
        if name == ANOTHER:
            return {**context, "way": ANOTHER}
        way = asked.way(name)
        begun = {} if way.sends else self._flow.begin(*self._who(request), way.name)
        if self._days > 0 and asked.is_sign_in and _trusts(way.name):
            context["trust"] = {"name": TRUST, "days": self._days}
        return {**context, "way": way.name, "begun": begun, "sent": not way.sends or bool(query.get(SENT))}

    def action(self, request: Request) -> str:
        query = read_query(request)
        return self._here(request, **{name: query.get(name) for name in (WAY, SENT, FACTOR)})

    def _setting_up(self, request: Request, asked: Asked, id: str | None) -> dict[str, Any]:
        """What the page shows of an app that is being added. Raises :class:`FactorRefused`."""
        if not asked.is_sign_in:
            raise FactorRefused(Code.NOT_FOUND)
        new = None if id is None else self.site.flows.factors.app(asked.held.account, id)
        return {"way": SET_UP, "new_app": new and {"id": new.id, "secret": spaced(new.secret), "qr": qr_code(new.uri)}}

    def _asked(self, request: Request) -> Asked:
        return self._flow.asked(*self._who(request))

    def _who(self, request: Request, posted: Mapping[str, Any] = MappingProxyType({})) -> tuple[Any, object]:
        """The session, and the text of the pending sign-in; None: who is signed in is asked."""
        return session_of(request.environ), posted.get(PENDING, read_query(request).get(PENDING))

    def _here(self, request: Request, **more: str | None) -> str:
        pending = read_query(request).get(PENDING)
        return self.site.link(request, self.uri, **{PENDING: pending, "next": self.site.wanted(request), **more})

    def _destination(self, request: Request) -> str:
        return self.site.wanted(request) or self.site.link(request, self._settings.next_uri)

    def _other_account(self, request: Request, asked: Asked) -> str | None:
        """Where somebody else goes. None: no page of ours asks that."""
        web = self.site.web
        if asked.is_sign_in:
            return self.site.link(request, web.at(web.login.uri), next=self.site.wanted(request))
        if not (web.logout.enabled and web.logout.page):
            return None
        return self.site.link(request, web.at(web.logout.uri), next=self.site.link(request, web.at(web.login.uri)))

    def _refusal(self, request: Request, refused: PendingRefused | FactorRefused) -> Refusal:
        """What the visitor is told. Raises :class:`Wait`."""
        web = self.site.web
        if isinstance(refused, PendingRefused):
            refusal = Refusal(OVER, status=HTTPStatus.FORBIDDEN)
            refusal.location = self.site.link(
                request, web.at(web.login.uri), status="over", next=self.site.wanted(request)
            )
            refusal.reason = refused.reason
            return refusal
        Wait.check(refused)
        if refused.code is Code.NO_SUCH_ACCOUNT:
            return Refusal(NOT_SIGNED_IN, status=HTTPStatus.UNAUTHORIZED)
        if refused.code is Code.NOT_FOUND:
            return self._no_way(request)
        if refused.code is Code.TOKEN_EXPIRED:
            return Refusal(EXPIRED, status=HTTPStatus.FORBIDDEN)
        wrong = invalid(refused)
        wrong.field = None if refused.code in OF_PASSKEYS else CODE
        return wrong

    def _no_way(self, request: Request) -> Refusal:
        """What is told of a way that the account does not have, or of who has none at all."""
        query = read_query(request)
        is_sign_in = query.get(PENDING) is not None
        refusal = Refusal(NO_WAY if is_sign_in else NOT_SET_UP, status=HTTPStatus.FORBIDDEN)
        named = query.keys() & {WAY, FACTOR}  # without these it is another page
        refusal.location = self._here(request) if named else self._account_page(request)
        return refusal

    def _account_page(self, request: Request) -> str:
        """Where who is signed in sets up a second factor."""
        web = self.site.web
        return self.site.link(request, web.at(web.account.uri), status="factor-needed")


def qr_code(uri: str) -> str | None:
    """*uri* as a QR code: an inline SVG, which needs no image and no script, and says nothing to who cannot see it.

    None where the library is missing.
    """
    if not QR.is_installed():
        return None
    import segno  # here, because few processes make one

    made: str = segno.make(uri, micro=False, mask=3).svg_inline(scale=4, border=4, omitsize=True)
    return made.replace("<svg ", '<svg aria-hidden="true" ', 1)  # the same stands beside it as text


def spaced(secret: str) -> str:
    """A *secret* in groups of four, as people type it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def download(codes: tuple[str, ...] | list[str]) -> str:
    """Recovery *codes* as the address of a text file, which no server sends."""
    return "data:text/plain;charset=utf-8," + "%0A".join(codes) + "%0A"


def _trusts(name: str) -> bool:
    return name not in WAYS or WAYS[name].trusts


def _is_ticked(posted: Mapping[str, Any]) -> bool:
    value = posted.get(TRUST)
    return value is True or (isinstance(value, str) and value.lower() in TICKED)
