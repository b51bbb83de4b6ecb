"""The address at which a visitor signs in by SAML."""

from __future__ import annotations

from collections.abc import Mapping

from stormpath_wsgi.client import Application


class SamlIdpUrlBuilder:
    """Builds that address for one *application*. The directory that we serve does not speak SAML."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def build(self, options: Mapping[str, str] | None = None) -> str:
        """The address. *options*: ``cb_uri``, where the visitor comes back to; ``ash``, the href of an account store;
        ``onk``, the name key of an organization; ``state``, which comes back unchanged.
        """
        wanted = options or {}
        return self.application.build_saml_idp_redirect_url(
            wanted.get("cb_uri"),
            self.application.saml_policy.service_provider.sso_initiation_endpoint.href,
            state=wanted.get("state"),
            account_store=wanted.get("ash"),
            organization=wanted.get("onk"),
        )


__all__ = ["SamlIdpUrlBuilder"]
