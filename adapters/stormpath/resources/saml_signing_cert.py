"""The certificate with which messages of SAML are signed."""

from stormpath_wsgi.client import X509Certificate

X509SigningCert = X509Certificate

__all__ = ["X509SigningCert"]
