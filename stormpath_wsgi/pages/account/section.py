"""What a section of the account page is made of, and what it is told of the request."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, TypeAlias

from webob import Request, Response

from stormpath_wsgi.client import Account
from stormpath_wsgi.pages.refusal import ShownRefusal
from stormpath_wsgi.pages.site import Site
from stormpath_wsgi.session import CurrentSession
from stormpath_wsgi.texts import Texts

#: The name of the field that says which action a form asks for.
ACTION = "action"

#: The parameters of the address: the panel that is open, and of which row, where several rows have the same panel.
CHANGE, ROW = "change", "row"

#: The parameter of the address that names the sentence which says what was done.
STATUS = "status"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Who looks at the page, and what is open on it.

    *account*: an object of the client. *change*: the panel that is open; None: none. *row*: of which row it is, as the
    address or the form says, so it may be anything. *posted*: what a form brought that is shown again. *error*: what is
    wrong with it, and *wrong*: with each of its fields, by name. *shown*: what an action wants to have shown, see
    :class:`Shown`.
    """

    request: Request
    session: CurrentSession
    account: Account
    texts: Texts
    change: str | None = None
    row: str | None = None
    posted: Mapping[str, Any] = field(default_factory=dict, repr=False)
    error: ShownRefusal | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Done(NamedTuple):
    """An action is done: the browser is sent to the page, which says the sentence *status* of the section.

    None: it says nothing, for the row itself shows what has changed.
    """

    status: str | None = None


@dataclass(frozen=True)
class Shown:
    """The page is shown at once, with *panel* open: for what must be seen once, and never stands in an address.

    *values*: what the template sees as ``shown``.
    """

    panel: str
    values: Mapping[str, Any] = field(repr=False)


#: What an action answers. A response is sent as it is, for example a file.
Result: TypeAlias = Done | Shown | Response


class Action(NamedTuple):
    """What a form of a section may ask for.

    *run*: does it, with what was posted. It raises :class:`~stormpath_wsgi.pages.refusal.Refusal`, which is shown in
    the open *panel*; None: above the page. *risky*: whether the person has to be asked again first, where the sign-in
    is older than ``session.fresh``.
    """

    run: Callable[[Visit, Mapping[str, Any]], Result]
    panel: str | None = None
    risky: bool = False


class AccountSection(ABC):
    """One section of the account page. It lives with the process, and threads share it.

    Each is a class in a module of its own in this package, with a template of its own in ``templates/account``, and is
    listed in ``SECTIONS`` of :mod:`stormpath_wsgi.pages.account`.
    """

    #: Its name, in the address (``#profile``), and that of its template (``account/profile.html``).
    name: ClassVar[str]
    #: Its heading, and its shorter name in the navigation. Marked for the catalogues.
    title: ClassVar[str]
    short: ClassVar[str]

    def __init__(self, site: Site) -> None:
        self.site = site
        #: The panels that ``?change=`` may open. True: the person is asked again before, as for a risky action.
        self.panels: Mapping[str, bool] = {}
        #: The sentences that ``?status=`` may say, by name. Marked for the catalogues.
        self.statuses: Mapping[str, str] = {}
        #: The same of what was not done.
        self.troubles: Mapping[str, str] = {}
        #: What its forms may ask for, by the value of the field ``action``. No two sections have the same name in it.
        self.actions: Mapping[str, Action] = {}

    def has_panel(self, name: str) -> bool:
        """Whether the panel *name* is one of this section, those included that only an action opens."""
        return name in self.panels

    @property
    def template(self) -> str:
        """The file of its template."""
        return f"account/{self.name}.html"

    @abstractmethod
    def context(self, visit: Visit) -> Mapping[str, Any] | None:
        """What its template sees as ``section``, beside what all see. None: this account has no such section.

        ``labels`` in it are what its fields are called, by name, for a panel of which several are wrong.
        """
