"""Forward authentication: what proxies ask of us for applications that are not behind our middleware."""

from __future__ import annotations

from typing import NamedTuple, Self

from pydantic import Field, model_validator

from stormpath_wsgi.settings.pages import PageSettings, Switch
from stormpath_wsgi.settings.section import Section
from stormpath_wsgi.settings.types import GuardedHosts, HeaderName, Names, PagePath

#: The ports that addresses leave out.
_USUAL_PORTS = (":443", ":80")


class GuardedHost(NamedTuple):
    """A host that a proxy may ask for. *origin*: where it is reached. *groups*: of which a person has to be in all."""

    origin: str
    groups: tuple[str, ...] = ()


class ForwardAuthHeaders(Section):
    """The headers that tell an application behind a proxy who is signed in; off: there is none."""

    user: HeaderName = Field("Remote-User", description="The name of the person, as remoteUser says; off: none.")
    email: HeaderName = Field("Remote-Email", description="The e-mail address, if it is verified; off: none.")
    groups: HeaderName = Field(
        "Remote-Groups",
        description="The groups, as environ.groups tells them, with environ.separator in between; off: none.",
    )
    name: HeaderName = Field("Remote-Name", description="The full name; off: none.")

    @property
    def names(self) -> tuple[str, ...]:
        """Those that there are."""
        return tuple(name for name in (self.user, self.email, self.groups, self.name) if name is not None)

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        if len({name.lower() for name in self.names}) < len(self.names):
            raise ValueError("user, email, groups and name need headers of their own")
        return self


class ForwardAuthSettings(PageSettings):
    """The address at which proxies ask whether a request for another application may pass."""

    enabled: Switch = False
    uri: PagePath = Field("/auth/check", description="Its path.")
    groups: Names = Field((), description="Groups of which a person has to be in all to pass, wherever a proxy asks.")
    hosts: GuardedHosts = Field(
        {},
        description="The hosts that proxies ask for besides the one of web.baseUrl, with who may pass there: the word "
        "login, or a list of group names, for the members of all of them. Sign-in leads back to these hosts and to no "
        "other; a proxy that asks for another one gets 403. {}: all is at the host of our own pages.",
    )
    basic: bool = Field(
        False,
        description="Whether programs may bring an API key through the proxy, by HTTP Basic, and are asked for it.",
    )
    headers: ForwardAuthHeaders = ForwardAuthHeaders()

    @property
    def guarded(self) -> dict[str, GuardedHost]:
        """The hosts by the name, and perhaps the port, that a browser sends for them (:func:`host_key`)."""
        found = {}
        for address, guard in self.hosts.items():
            origin = address if "://" in address else f"https://{address}"
            groups = () if guard == "login" else tuple(guard)
            found[host_key(origin.partition("://")[2])] = GuardedHost(origin, groups)
        return found


def host_key(host: str) -> str:
    """*host* as it is compared: in lower case, and without a port that addresses leave out."""
    host = host.lower()
    for port in _USUAL_PORTS:
        host = host.removesuffix(port)
    return host
