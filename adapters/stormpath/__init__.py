"""The documented names of the Stormpath SDK for Python 2.5, on :mod:`stormpath_wsgi.client`.

A program that was written for the SDK imports what it imported, and gets the classes of our client. What differs is
listed under *Compatibility* in our documentation.

This package belongs to the distribution ``stormpath-wsgi-sdk``. On the package index the name ``stormpath`` is an empty
placeholder of somebody else, with a package of the same name: the two cannot be installed beside each other.

Source: the documentation of the Stormpath SDK for Python 2.5.5.
"""

from importlib.metadata import PackageNotFoundError, distribution

#: The version of the SDK whose names these are. Our own is that of the distribution ``stormpath-wsgi-sdk``.
__version_info__ = ("2", "5", "5")
__version__ = __short_version__ = ".".join(__version_info__)


def _refuse_namesake() -> None:
    """Raises ImportError when another distribution named ``stormpath`` is installed: its files may be among ours."""
    try:
        version = distribution("stormpath").version
    except PackageNotFoundError:
        return
    raise ImportError(
        f"The distribution stormpath {version} is installed beside stormpath-wsgi-sdk, and both have a package of that "
        "name. On the package index it is an empty placeholder, which is not from us. Write: pip uninstall stormpath, "
        "and then: pip install --force-reinstall --no-deps, with what you have installed stormpath-wsgi-sdk from"
    )


_refuse_namesake()
