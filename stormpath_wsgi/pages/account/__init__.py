"""The page where people look after their account: ``/account``.

It needs no script. It is a list of sections, each a module of this package (:mod:`.section`). A link opens a panel in
the place of a row (``?change=email``), and a form in it is posted to the same address with the name of an action. What
is done sends the browser back to the page; what is refused shows the panel again, with what was typed.

It is for people: a program asks ``/me`` who is signed in, and its requests for this address are the application's.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from webob import Request, Response

from stormpath_wsgi.client import Account
from stormpath_wsgi.errors import Error
from stormpath_wsgi.events import Declined, here
from stormpath_wsgi.flows import FreshRequired
from stormpath_wsgi.pages.account.api_keys import ApiKeysSection
from stormpath_wsgi.pages.account.connections import LEAVING
from stormpath_wsgi.pages.account.data import DataSection
from stormpath_wsgi.pages.account.devices import DevicesSection
from stormpath_wsgi.pages.account.factors import FactorsSection
from stormpath_wsgi.pages.account.profile import ProfileSection
from stormpath_wsgi.pages.account.section import (
    ACTION,
    CHANGE,
    ROW,
    STATUS,
    AccountSection,
    Action,
    Done,
    Result,
    Shown,
    Visit,
)
from stormpath_wsgi.pages.account.sign_in import SignInSection
from stormpath_wsgi.pages.answer import redirect
from stormpath_wsgi.pages.fresh import FOR
from stormpath_wsgi.pages.page import NO_BODY, Page, said_by_listener
from stormpath_wsgi.pages.parameters import read_query
from stormpath_wsgi.pages.refusal import Invalid, Refusal, Wait
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.session import CurrentSession, session_of
from stormpath_wsgi.settings import AccountSettings
from stormpath_wsgi.texts import marked
from stormpath_wsgi.web.language import texts_of

log = logging.getLogger(__name__)

#: The sections, in the order of the page.
SECTIONS: tuple[type[AccountSection], ...] = (
    ProfileSection,
    SignInSection,
    FactorsSection,
    DevicesSection,
    ApiKeysSection,
    DataSection,
)

NO_ACTION = marked("This page does not know what to do with that. Open it anew, and try again.")


class AccountPage(Page[AccountSettings]):
    """Name, address, password, and what else an account has. A stranger is asked to sign in first."""

    name = "account"
    section = AccountSettings

    def __init__(self, site: Site, settings: AccountSettings) -> None:
        super().__init__(site, settings)
        self._sections = tuple(section(site) for section in SECTIONS)
        self._actions = {name: action for section in self._sections for name, action in section.actions.items()}
        self._panels = {name: risky for section in self._sections for name, risky in section.panels.items()}
        self._statuses = {name: said for section in self._sections for name, said in section.statuses.items()}
        self._troubles = {name: said for section in self._sections for name, said in section.troubles.items()}

    @classmethod
    def templates(cls, settings: AccountSettings) -> tuple[str, ...]:
        return settings.view, LEAVING, *(f"account/{section.name}.html" for section in SECTIONS)

    def answer(self, request: Request, *, html: bool) -> Response | None:
        if not html:
            return None
        session = session_of(request.environ)
        query = read_query(request)
        change, row = query.get(CHANGE), query.get(ROW)
        account = self._account_of(session)
        if account is None:
            return self.refuse_stranger(request, self._here(request, change if change in self._panels else None, row))
        visit = Visit(request=request, session=session, account=account, texts=texts_of(request.environ), row=row)
        if request.method == "POST":
            return self._act(visit)
        if change not in self._panels:
            status = query.get(STATUS, "")
            return self._show(visit, said=self._statuses.get(status), trouble=self._troubles.get(status))
        if self._panels[change] and not session.is_fresh:
            return self._ask_again(visit, change)
        return self._show(dataclasses.replace(visit, change=change))

    def _account_of(self, session: CurrentSession) -> Account | None:
        """The account that is signed in by a session, as the directory has it now. None: nobody is."""
        account = session.user.account
        if account is None or session.session is None:
            return None
        try:
            account.refresh()
        except Error as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            session.sign_out()  # deleted since the session was looked at
            return None
        return account

    def _here(self, request: Request, panel: str | None = None, row: str | None = None) -> str:
        """The address of the page, with that panel open."""
        return self.site.link(request, self.uri, **{CHANGE: panel, ROW: row if panel else None})

    def _act(self, visit: Visit) -> Response:
        """The answer to a form."""
        posted: dict[str, Any] = {}
        action: Action | None = None
        try:
            body = self.posted(visit.request)
            if body is None:
                raise Refusal(NO_BODY)
            posted, action = body, self._actions.get(_text(body.get(ACTION)))
            visit = dataclasses.replace(visit, row=_text(body.get(ROW)) or visit.row)
            self.check_token(visit.request, posted)
            if action is None:
                raise Refusal(NO_ACTION)
            if action.risky:
                self.site.flows.fresh.check(visit.session)
            return self._after(visit, action.run(visit, posted))
        except FreshRequired:
            return self._ask_again(visit, action.panel if action else None)
        except Refusal as refusal:
            return self._refuse(visit, action, posted, refusal)
        except Declined as by_listener:
            if by_listener.answer is not None:
                answer: Response = visit.request.get_response(by_listener.answer)
                return answer
            return self._refuse(visit, action, posted, said_by_listener(by_listener))

    def _after(self, visit: Visit, result: Result) -> Response:
        if isinstance(result, Done):
            answer = redirect(self.site.link(visit.request, self.uri, **{STATUS: result.status}))
            answer.status_int = HTTPStatus.SEE_OTHER
            return answer
        if isinstance(result, Shown):
            return self._show(dataclasses.replace(visit, change=result.panel, shown=result.values))
        return result

    def _refuse(self, visit: Visit, action: Action | None, posted: Mapping[str, Any], refusal: Refusal) -> Response:
        """The page once more, with what is wrong in the panel."""
        if not isinstance(refusal, Wait):
            log.info("%s refuses %s: %s", self.uri, here().address, refusal.reason)
        visit = dataclasses.replace(
            visit,
            change=action and action.panel,
            posted=posted,
            error=refusal.shown(visit.texts),
            wrong=refusal.wrong_fields(visit.texts),
        )
        answer = self._show(visit, HTTPStatus.OK if isinstance(refusal, Invalid) else refusal.status)
        answer.retry_after = refusal.retry_after
        return answer

    def _ask_again(self, visit: Visit, panel: str | None) -> Response:
        """Sends the person to the page that asks again, and from there to the panel."""
        back = self._here(visit.request, panel, visit.row)
        fresh = self.site.web.at(self.site.web.fresh.uri)
        answer = redirect(self.site.link(visit.request, fresh, next=back, **{FOR: panel}))
        answer.status_int = HTTPStatus.SEE_OTHER
        return answer

    def _show(
        self, visit: Visit, status: int = HTTPStatus.OK, said: str | None = None, trouble: str | None = None
    ) -> Response:
        shown: list[dict[str, Any]] = []
        labels: dict[str, str] = {}
        for section in self._sections:
            context = section.context(visit)
            if context is not None:
                titles = {"title": visit.texts.gettext(section.title), "short": visit.texts.gettext(section.short)}
                labels |= context.get("labels", {})
                current = section.has_panel(visit.change) if visit.change else not shown
                shown.append(
                    {"current": current, "name": section.name, "template": section.template, **titles, **context}
                )
        return self.site.html(
            visit.request,
            self._settings.view,
            status,
            site_name=self.site.about.name,
            user=visit.session.user,
            email=visit.account.email,
            said=said and visit.texts.gettext(said),
            trouble=trouble and visit.texts.gettext(trouble),
            sections=shown,
            here=self._here(visit.request),
            change=visit.change,
            row=visit.row,
            posted=visit.posted,
            error=visit.error,
            wrong=visit.wrong,
            labelled=[{"name": name, "label": labels.get(name, name)} for name in visit.wrong],
            shown=visit.shown,
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
