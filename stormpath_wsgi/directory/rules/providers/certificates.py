"""X.509 certificates: checking those that callers send, and the one with which a tenant signs its SAML messages.

Source: RFC 5280; the SAML chapter of the REST API v1.
"""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, select

from stormpath_wsgi.codes import Code
from stormpath_wsgi.directory.context import Context, UnitOfWork
from stormpath_wsgi.directory.storage import schema
from stormpath_wsgi.errors import fault
from stormpath_wsgi.kinds import Attribute

_BITS, _EXPONENT = 2048, 65537
#: The certificate need not be renewed often: identity and service providers store it, and do not check its issuer.
_LIFETIME = dt.timedelta(days=3650)

_table = schema.certificates
_OF_TENANT = select(_table.c.certificate, _table.c.private_key).where(_table.c.tenant_id == bindparam("tenant_id"))


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of a tenant and the key that belongs to it, both PEM."""

    certificate: str
    private_key: str = field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return ssl.PEM_cert_to_DER_cert(self.certificate)


def of_tenant(work: UnitOfWork) -> Certificate | None:
    """The certificate of the tenant; None before :func:`ensure` was called."""
    row = work.connection.execute(_OF_TENANT, {"tenant_id": work.tenant_id}).first()
    if row is None:
        return None
    return Certificate(row.certificate, work.secrets.decrypt(row.private_key, _place(work.tenant_id)))


def ensure(context: Context) -> None:
    """Makes the certificate of the tenant, unless it exists. Making a key takes some tens of milliseconds.

    To be called outside of a transaction, so that no other one waits for it. If two processes make a certificate at the
    same time, one is kept.
    """
    with context.read() as work:
        if _is_there(work):
            return
        tenant_id, now = work.tenant_id, work.now
    certificate, private_key = _new(tenant_id, dt.datetime.fromtimestamp(now / 1000, dt.UTC))
    with context.write() as work:  # such writes happen one after the other
        if not _is_there(work):
            encrypted = work.secrets.encrypt(private_key, _place(tenant_id))
            row = {"tenant_id": tenant_id, "certificate": certificate, "private_key": encrypted, "created_at": now}
            work.connection.execute(insert(_table), row)


def check(attribute: Attribute[Any], pem: str) -> None:
    """Raises 2006 unless *pem*, the value of *attribute*, is a certificate.

    Its lines may be indented; it is stored as sent.
    """
    from cryptography import x509  # here, because few directories have anything to do with SAML

    text = "\n".join(line.strip() for line in pem.splitlines() if line.strip()) + "\n"
    try:
        x509.load_pem_x509_certificate(text.encode("ascii"))
    except (ValueError, x509.InvalidVersion):
        raise fault(
            Code.WRONG_FORMAT, f"{attribute.kind.title()} {attribute.wire} must be an X.509 certificate in PEM."
        ) from None


def _is_there(work: UnitOfWork) -> bool:
    return work.connection.execute(_OF_TENANT, {"tenant_id": work.tenant_id}).first() is not None


def _new(tenant_id: str, now: dt.datetime) -> tuple[str, str]:
    """A self-signed certificate and its private key, both PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(_EXPONENT, _BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, tenant_id)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))  # for other machines whose clock is behind
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private_key.decode()


def _place(tenant_id: str) -> str:
    return schema.place(_table.c.private_key, tenant_id)
