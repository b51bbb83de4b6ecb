"""The address at which a server is to listen. It is checked before gunicorn uses it, which would try five times."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
from pathlib import Path

from stormpath_wsgi.cli.failures import Failure, Misuse

HOST, PORT, TRIES = "127.0.0.1", 8000, 20

_LONGEST = 107  # bytes of the name of a unix socket (unix(7))
_TCP = re.compile(r"(?:tcp://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]*):(?P<port>\d{1,5})")


def free_address() -> str:
    """The address to listen at when none was given: port ``PORT``, which must be free, or the first free port from 8000
    on.
    """
    wanted = os.environ.get("PORT")
    if wanted and not (wanted.isdecimal() and wanted.isascii() and 0 < int(wanted) < 65536):
        raise Misuse(f"PORT is {wanted}; write a number from 1 to 65535.")
    ports = [int(wanted)] if wanted else range(PORT, PORT + TRIES)
    for port in ports:
        if (code := _trouble(socket.AF_INET, (HOST, port))) is None:
            return f"{HOST}:{port}"
        if code != errno.EADDRINUSE:
            raise _told(code, f"Port {port}", "PORT")
    raise Failure(f"Port {ports[0]} is taken; choose another with PORT=… or --bind.")


def checked(bind: str) -> str:
    """Checks that gunicorn can listen at *bind*, which is one address, or several separated by commas. Returns *bind*.

    Raises :class:`~stormpath_wsgi.cli.failures.Misuse` for a text that is no address, and
    :class:`~stormpath_wsgi.cli.failures.Failure` for an address that is not available.
    """
    if "LISTEN_FDS" in os.environ or "GUNICORN_FD" in os.environ:
        return bind  # systemd listens there already, or the gunicorn that this one replaces
    for address in bind.split(","):
        if address.startswith("unix:"):
            _check_unix(address, Path(re.sub("^unix:(//)?", "", address)))
        elif not re.fullmatch(r"fd://\d+", address):
            _check_tcp(address)
    return bind


def _check_tcp(address: str) -> None:
    found = _TCP.fullmatch(address)
    if found is None or int(found["port"]) > 65535:
        hint = f"127.0.0.1:{address}" if address.isdecimal() and address.isascii() else "127.0.0.1:8000"
        raise Misuse(f"--bind is {address}; write host:port, such as {hint}, or unix:/run/site.sock.")
    host, port = found["host"].strip("[]") or "0.0.0.0", int(found["port"])  # noqa: S104  (what gunicorn makes of it)
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise Misuse(f"--bind is {address}; there is no host {host}.") from None
    if (code := _trouble(family, place)) is not None:
        raise _told(code, address, "--bind")


def _trouble(
    family: socket.AddressFamily, place: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
) -> int | None:
    """Tries to listen at *place*. Returns the number of the error; None when it works."""
    try:
        with socket.socket(family) as attempt:
            # As gunicorn does: connections that are being closed do not matter.
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(place)
    except OSError as error:
        return error.errno or errno.EINVAL
    return None


def _told(code: int, address: str, option: str) -> Failure:
    if code == errno.EADDRINUSE:
        return Failure(f"{address} is taken; choose another with {option}.")
    if code in (errno.EACCES, errno.EPERM):
        return Failure(
            f"{address} is not for this user, as ports below 1024 are; choose a higher one with {option}, and let a "
            "proxy listen there."
        )
    if code == errno.EADDRNOTAVAIL:
        return Misuse(f"{address} is no address of this machine; write one that is, or 0.0.0.0 for all.")
    return Failure(f"{address} cannot be listened at: {os.strerror(code)}.")


def _check_unix(address: str, path: Path) -> None:
    if len(os.fsencode(path)) > _LONGEST:
        raise Misuse(f"--bind is {address}; the name of a socket has at most {_LONGEST} bytes.")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise Failure(f"--bind is {address}; there is no folder {path.parent}.") from None
    else:
        if not stat.S_ISSOCK(mode):
            raise Misuse(f"--bind is {address}; something else than a socket has that name.")
        if _is_served(path):
            raise Failure(f"{address} is taken; choose another with --bind.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise Failure(f"--bind is {address}; this user may not write in {path.parent}.")


def _is_served(path: Path) -> bool:
    """Whether another server listens at the socket *path*. gunicorn would take the name away from it."""
    with socket.socket(socket.AF_UNIX) as attempt:
        return attempt.connect_ex(str(path)) == 0
