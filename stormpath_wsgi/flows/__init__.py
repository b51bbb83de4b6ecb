"""Flows: how people come in and go, for whoever has pages of his own. No HTML, no forms, no framework.

Each takes plain values and the :class:`~stormpath_wsgi.session.CurrentSession` of a request. It answers a frozen
result, or raises a refusal with a code. Our own pages are made of them.
"""

from __future__ import annotations

from functools import partial
from wsgiref.types import WSGIEnvironment

from stormpath_wsgi.client import Account, Application, Client, Organization
from stormpath_wsgi.client.choice import find_organization
from stormpath_wsgi.flows.account_data import AccountData
from stormpath_wsgi.flows.api_keys import ApiKeys
from stormpath_wsgi.flows.awaited import Awaited, AwaitedMails
from stormpath_wsgi.flows.browser import Browsers
from stormpath_wsgi.flows.connections import Connection, Connections
from stormpath_wsgi.flows.cookies import CookieKeys
from stormpath_wsgi.flows.deletion import AccountDeletion
from stormpath_wsgi.flows.email_change import AddressToken, EmailChanges
from stormpath_wsgi.flows.factors import OwnFactors
from stormpath_wsgi.flows.fresh import Fresh, FreshRequired
from stormpath_wsgi.flows.id_site import CameBack, IdSite
from stormpath_wsgi.flows.invitation import Invitation, Invitee
from stormpath_wsgi.flows.journeys import CONNECT, PROVE, SIGN_IN, Journeys
from stormpath_wsgi.flows.new_passwords import NewPasswords
from stormpath_wsgi.flows.passkey_challenges import Challenges
from stormpath_wsgi.flows.passkey_ways import PasskeyWay, SecurityKeyWay
from stormpath_wsgi.flows.passkeys import Passkeys
from stormpath_wsgi.flows.password import PasswordReset
from stormpath_wsgi.flows.pending import PendingSignIns
from stormpath_wsgi.flows.profile import Profile
from stormpath_wsgi.flows.refusals import (
    CodeRefused,
    DeletionRefused,
    FactorRefused,
    FlowRefused,
    IdSiteRefused,
    InvitationRefused,
    KeyRefused,
    PasskeyRefused,
    PasswordRefused,
    PendingRefused,
    ProfileRefused,
    RegistrationRefused,
    SessionRefused,
    SignInRefused,
    SocialRefused,
    TokenRefused,
    TokensRefused,
    VerificationRefused,
)
from stormpath_wsgi.flows.registration import Registration
from stormpath_wsgi.flows.second_factor import Asked, Held, SecondFactors, Way
from stormpath_wsgi.flows.securing import Securing
from stormpath_wsgi.flows.sessions import SignedInPlaces
from stormpath_wsgi.flows.sign_in import Entered, Finished, Question, SignIn, Step, Unfinished, Waived
from stormpath_wsgi.flows.sign_out import SignOut
from stormpath_wsgi.flows.social import Arrived, Social
from stormpath_wsgi.flows.social_stores import SocialStore, SocialStores
from stormpath_wsgi.flows.tokens import TokenGrants
from stormpath_wsgi.flows.trusted import TrustedBrowsers
from stormpath_wsgi.flows.verification import Verification
from stormpath_wsgi.flows.waiting import WaitingConnections
from stormpath_wsgi.flows.ways import AppWay, MailWay, RecoveryWay, SmsWay, sending
from stormpath_wsgi.kinds import id_of
from stormpath_wsgi.limits import Limiter, Limits, MemoryTallies
from stormpath_wsgi.limits.redis import RedisTallies
from stormpath_wsgi.settings import Settings
from stormpath_wsgi.web.environ import pages_of

__all__ = [
    "CONNECT",
    "PROVE",
    "SIGN_IN",
    "AccountData",
    "AccountDeletion",
    "AddressToken",
    "ApiKeys",
    "Arrived",
    "Asked",
    "Awaited",
    "CameBack",
    "CodeRefused",
    "Connection",
    "Connections",
    "DeletionRefused",
    "EmailChanges",
    "Entered",
    "FactorRefused",
    "Finished",
    "FlowRefused",
    "Flows",
    "Fresh",
    "FreshRequired",
    "Held",
    "IdSite",
    "IdSiteRefused",
    "Invitation",
    "InvitationRefused",
    "Invitee",
    "KeyRefused",
    "NewPasswords",
    "OwnFactors",
    "PasskeyRefused",
    "Passkeys",
    "PasswordRefused",
    "PasswordReset",
    "PendingRefused",
    "Profile",
    "ProfileRefused",
    "Question",
    "Registration",
    "RegistrationRefused",
    "SecondFactors",
    "Securing",
    "SessionRefused",
    "SignIn",
    "SignInRefused",
    "SignOut",
    "SignedInPlaces",
    "Social",
    "SocialRefused",
    "SocialStore",
    "Step",
    "TokenGrants",
    "TokenRefused",
    "TokensRefused",
    "Unfinished",
    "Verification",
    "VerificationRefused",
    "Waived",
    "Way",
    "flows_of",
]


class Flows:
    """The flows of one application: ``sign_in``, ``second_factor``, ``registration``, ``invitation``, ``sign_out``,
    ``password``, ``securing``, ``verification``, ``fresh``, ``passkeys``, ``profile``, ``email``, ``factors``,
    ``places``, ``api_keys``, ``account_data``, ``deletion``, ``id_site``, ``tokens``, ``social``,
    ``connections``. Lives with the process.
    """

    def __init__(self, settings: Settings, client: Client, application: Application) -> None:
        scope = id_of(application.href)
        keys = CookieKeys(settings.secret_keys, scope, secure=bool(settings.session.cookie_secure))
        pending = PendingSignIns(keys)
        browsers = Browsers(keys, settings.limits)
        asks = settings.web.login.remember_me
        #: Which new passwords are refused before the directory is asked.
        self.new_passwords = NewPasswords(settings, application)
        self.sign_in = SignIn(client, application, pending, browsers, self.new_passwords, asks_to_remember=asks)
        #: How often what the directory does not count may be tried.
        self.limits = client.limits or _limits_of(settings, client)
        remember = int(settings.web.second_factor.remember.total_seconds())
        trusted = TrustedBrowsers(keys, remember)
        #: What is asked beside a password, and how it can be answered.
        self.second_factor = SecondFactors(client, self.sign_in, settings.web.second_factor, browsers, trusted)
        self.fresh = Fresh(client, self.sign_in, self.second_factor)
        self.passkeys = Passkeys(
            client,
            application,
            self.sign_in,
            self.fresh,
            Challenges(keys),
            settings.relying_party(),
            browsers,
            self.limits,
        )
        stores = SocialStores(
            client.data_store,
            application.href,
            ttl=settings.cache_ttl.total_seconds(),
            offers=settings.web.offers_social,
        )
        #: Which accounts of other sites are connected with an account.
        self.connections = Connections(
            client, application, self.sign_in, self.fresh, self.passkeys, WaitingConnections(keys), stores
        )
        #: Signing in through other sites.
        self.social = Social(
            client, application, self.sign_in, self.fresh, self.connections, Journeys(keys), stores, browsers
        )
        keyed = (PasskeyWay(self.passkeys), SecurityKeyWay(self.passkeys))
        mail = (MailWay(application),) if settings.web.second_factor.mail else ()
        for way in (AppWay(), *keyed, SmsWay(client, self.limits, scope), *mail, RecoveryWay(client)):
            self.second_factor.add_way(way)
        self.sign_in.add_step(self.second_factor)
        self.registration = Registration(client, application, self.sign_in, browsers, self.limits, self.new_passwords)
        self.invitation = Invitation(client, application, self.sign_in, self.new_passwords)
        self.sign_out = SignOut(client.events)
        self._client, self._application = client, application
        self.password = PasswordReset(client, application, self.sign_in, browsers, self.new_passwords)
        self.securing = Securing(client, self.password)
        self.verification = Verification(client, application, self.sign_in)
        sends = partial(sending, self.limits, scope)
        issuer = settings.web.second_factor.issuer or settings.web.look.name
        self.factors = OwnFactors(client, self.fresh, self.second_factor, lambda: issuer or application.name, sends)
        self.profile = Profile(client, self.fresh, self.new_passwords)
        self.email = EmailChanges(client, self.fresh, self.password)
        self.places = SignedInPlaces(client, application)
        self.api_keys = ApiKeys(client, self.fresh)
        self.account_data = AccountData(client)
        self.deletion = AccountDeletion(client, application, self.fresh, self.sign_out, settings.web.account.grace)
        #: The mails whose code a browser waits for.
        self.awaited = AwaitedMails(keys)
        #: Signing in on the pages of another machine.
        self.id_site = IdSite(client, application, self.sign_in, keys, tells=settings.remote)
        self.tokens = TokenGrants(client, application, self.sign_in, browsers, settings.web.oauth2)

    def organization(self, name_key: object) -> Organization | None:
        """The organization with that *name_key*, as people type it: it may be anything. None unless it is ENABLED and
        mapped to the application. Raises :class:`~stormpath_wsgi.Error` when the directory fails.
        """
        typed = name_key.strip() if isinstance(name_key, str) else name_key
        return find_organization(self._client, self._application, typed)


def _limits_of(settings: Settings, client: Client) -> Limits:
    """The limits of a site whose directory is on another machine: that counts sign-ins, and no registrations.

    A Redis server counts for all processes, where there is one; else each counts by itself.
    """
    url = settings.limits.url if settings.limits.enabled else None
    tallies = MemoryTallies() if url is None else RedisTallies(url.get_secret_value())
    limiter = Limiter(tallies, client.events, href=lambda id: f"{client.base_url}/{Account.path}/{id}")
    return Limits(settings.limits.in_force(), limiter)


def flows_of(environ: WSGIEnvironment) -> Flows:
    """The flows of the site that serves a request. Raises RuntimeError when no middleware of ours is around."""
    flows = getattr(pages_of(environ), "flows", None)
    if not isinstance(flows, Flows):
        raise RuntimeError("There are no flows in the WSGI environ: wrap the application in StormpathMiddleware.")
    return flows
