"""The address at which a visitor signs in by SAML."""

from stormpath.saml.saml_idp_url_builder import SamlIdpUrlBuilder

__all__ = ["SamlIdpUrlBuilder"]
