"""What an adapter needs whose framework serves pages of ours itself, with forms or templates of its own.

Such an adapter hands its middleware classes of its own for some pages (``StormpathMiddleware.page_kinds``), and has the
framework ask them (``StormpathMiddleware.serve_page``). The adapter for Flask is an example. Other adapters need
nothing of this.
"""

from __future__ import annotations

from stormpath_wsgi.flows.cookies import SignedCookie
from stormpath_wsgi.pages import AnyPage, Pages, declared
from stormpath_wsgi.pages.answer import Answer
from stormpath_wsgi.pages.change import CONFIRMATION, ChangePage
from stormpath_wsgi.pages.csrf import FIELD, OF_FORM
from stormpath_wsgi.pages.forgot import ForgotPage
from stormpath_wsgi.pages.form import is_blank
from stormpath_wsgi.pages.login import LoginPage
from stormpath_wsgi.pages.logout import LogoutPage
from stormpath_wsgi.pages.new_account import CORE, CUSTOM_DATA
from stormpath_wsgi.pages.page import FormPage, Outcome, Page
from stormpath_wsgi.pages.parameters import media_type
from stormpath_wsgi.pages.refusal import Invalid
from stormpath_wsgi.pages.register import RegisterPage
from stormpath_wsgi.pages.sentences import EXPIRED, PASSWORDS_DIFFER
from stormpath_wsgi.settings import (
    ChangePasswordSettings,
    ForgotPasswordSettings,
    FormPageSettings,
    LoginSettings,
    LogoutSettings,
    PageSettings,
    RegisterSettings,
)
from stormpath_wsgi.texts import Texts
from stormpath_wsgi.web.bodies import FORM, EndedEarly, TooLarge, read
from stormpath_wsgi.web.environ import REFUSED_BY
from stormpath_wsgi.web.language import texts_of
from stormpath_wsgi.web.negotiation import HTML
from stormpath_wsgi.web.responses import unavailable

__all__ = [
    "CONFIRMATION",
    "CORE",
    "CUSTOM_DATA",
    "EXPIRED",
    "FIELD",
    "FORM",
    "HTML",
    "OF_FORM",
    "PASSWORDS_DIFFER",
    "REFUSED_BY",
    "Answer",
    "AnyPage",
    "ChangePage",
    "ChangePasswordSettings",
    "EndedEarly",
    "ForgotPage",
    "ForgotPasswordSettings",
    "FormPage",
    "FormPageSettings",
    "Invalid",
    "LoginPage",
    "LoginSettings",
    "LogoutPage",
    "LogoutSettings",
    "Outcome",
    "Page",
    "PageSettings",
    "Pages",
    "RegisterPage",
    "RegisterSettings",
    "SignedCookie",
    "Texts",
    "TooLarge",
    "declared",
    "is_blank",
    "media_type",
    "read",
    "texts_of",
    "unavailable",
]
