"""A directory with something of every kind in it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import insert

from stormpath_wsgi.directory.crypto.secrets import Secrets
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.directory.storage.engine import Database
from stormpath_wsgi.directory.wire.shapes import encryption_context
from stormpath_wsgi.kinds import SmtpServer
from support.authenticator import new_passkey
from support.world import BASE, ENCRYPTION_KEY, World, link

SECRETS = Secrets([ENCRYPTION_KEY])

_AGENT = {
    "directoryHost": "ldap.example.org", "directoryPort": 636, "sslRequired": True, "agentUserDn": "cn=a",
    "agentUserDnPassword": "agent's password", "baseDn": "dc=example", "pollInterval": 60,
    "accountConfig": {
        "dnSuffix": "ou=p", "objectClass": "person", "objectFilter": "(a=b)", "emailRdn": "m", "givenNameRdn": "g",
        "surnameRdn": "s", "usernameRdn": "u",
    },
    "groupConfig": {
        "dnSuffix": "ou=g", "objectClass": "group", "objectFilter": "(a=b)", "nameRdn": "n", "descriptionRdn": "d",
        "membersRdn": "m",
    },
}  # fmt: skip


@dataclass
class Full:
    """The directory. *ada*: the path of an account that has everything; *secret*: of her API key."""

    world: World
    ada: str
    secret: str

    @property
    def database(self) -> Database:
        return self.world.database


def filled(world: World) -> Full:
    create = world.service.create
    ada = world.account("ada@example.org", givenName="Ada", customData={"langs": ["en"], "deep": {"a": [1, "ä"]}})
    staff = world.group("staff", customData={"floor": 1})
    world.member(ada, staff)
    world.service.issue_api_key()
    key = create(f"{ada}/apiKeys", {"name": "laptop"})
    create(f"{ada}/factors", {"type": "google-authenticator", "issuer": "Shop"})
    create(f"{ada}/factors", {"type": "SMS", "phone": {"number": "+491701234567"}})
    create(f"{ada}/passkeys", new_passkey())
    world.service.update(f"{ada}/secondFactor", {"newRecoveryCodes": True})
    create(f"{world.application}/invitations", {"email": "new@example.org", "groups": ["staff"]})
    create(f"{world.account('bob@example.org')}/deletions", {"grace": "P1D"})
    world.new_directory(
        "Google",
        provider={"providerId": "google", "clientId": "c", "clientSecret": "client's secret", "redirectUri": BASE},
    )
    world.new_directory("AD", provider={"providerId": "ad", "agent": {"config": _AGENT}})
    customers = world.new_directory("Customers")
    eve = world.account("eve@example.org", at=customers)
    create("accountLinks", {"leftAccount": link(ada), "rightAccount": link(eve)})
    world.map(world.new_organization("acme", customers))
    create(
        "registeredSamlServiceProviders",
        {"name": "n", "assertionConsumerServiceUrl": "https://sp.example.org/acs", "entityId": "sp"},
    )
    world.session(ada)
    _add_mail_server(world)
    return Full(world, ada, key["secret"])


def _add_mail_server(world: World) -> None:
    """As a row: the rules would ask the server."""
    attribute = SmtpServer.password
    row = {
        "id": "smtp", "created_at": 1, "modified_at": 1, "name": None, "name_folded": "", "description": None,
        "description_folded": "", "username": "u", "host": "h", "port": 25, "security_protocol": None,
        "status": "ENABLED", "tenant_id": world.tenant.split("/")[1],
        "password": SECRETS.encrypt("mail password", encryption_context(SmtpServer, attribute)("smtp")),
    }  # fmt: skip
    with world.database.write() as transaction:
        transaction.connection.execute(insert(schema.smtp_servers), row)
