"""What the account holds, to take along, and its end."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from webob import Response

from stormpath_wsgi.flows import DeletionRefused, SignInRefused
from stormpath_wsgi.pages.account.section import AccountSection, Action, Visit
from stormpath_wsgi.pages.answer import redirect
from stormpath_wsgi.pages.fresh import wrong_password
from stormpath_wsgi.pages.refusal import Invalid, Refusal
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.texts import marked

#: The panel in which the password is asked.
DELETE = "delete"

#: What the sign-in page says, by the parameter ``status``.
DELETION_ASKED, DELETED = "deletion", "deleted"

#: The name of the file.
FILE = "account.json"

STAYS = marked("This account cannot be deleted here. Ask whoever runs this site.")
NO_PASSWORD = marked("Enter your password.")


class DataSection(AccountSection):
    """The file with all data, and the deletion of the account."""

    name = "data"
    title = short = marked("Your data")

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._deletes, self._grace = site.web.account.deletes, site.web.account.grace
        self.actions = {"download-data": Action(self._download, risky=True)}
        if self._deletes:
            self.panels = {DELETE: False}
            self.actions = {**self.actions, "delete-account": Action(self._delete, panel=DELETE)}

    def context(self, visit: Visit) -> Mapping[str, Any]:
        is_open = self._deletes and visit.change == DELETE
        return {
            "deletes": self._deletes,
            "days": math.ceil(self._grace / dt.timedelta(days=1)),
            "keys": len(self.site.flows.api_keys.list(visit.account)) if is_open else 0,
        }

    def _download(self, visit: Visit, posted: Mapping[str, Any]) -> Response:
        answer = Response(content_type="application/json", charset="utf-8")
        answer.app_iter = self.site.flows.account_data.document(visit.account)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Content-Disposition"] = f'attachment; filename="{FILE}"'
        return answer

    def _delete(self, visit: Visit, posted: Mapping[str, Any]) -> Response:
        if not posted.get("password"):
            raise Invalid(NO_PASSWORD, field="password")
        try:
            asked = self.site.flows.deletion.ask(visit.session, posted["password"])
        except SignInRefused as refused:
            raise wrong_password(refused, "password") from refused
        except DeletionRefused as refused:
            raise Refusal(STAYS) from refused
        status = DELETED if asked.due is None else DELETION_ASKED
        answer = redirect(self.site.link(visit.request, self.site.web.at(self.site.web.login.uri), status=status))
        answer.status_int = HTTPStatus.SEE_OTHER
        return answer
