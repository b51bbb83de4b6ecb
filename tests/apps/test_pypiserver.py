"""pypiserver, and pip and twine, with an API key."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.recipes import Person, Site, python, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("pypiserver")
    (folder / "packages").mkdir()
    with served("pypiserver.py", folder, https=True) as site:
        yield site


def wheel(folder: Path, name: str) -> Path:
    """A package of one module, made by hand."""
    made = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(f"{name}.py", "said = 'Hello, Ada!'\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return made


def upload(site: Site, person: Person, package: Path) -> tuple[int, str]:
    told = {"TWINE_USERNAME": person.name, "TWINE_PASSWORD": person.secret, "TWINE_CERT": str(site.trusted)}
    address = ["--repository-url", f"{site.address}/", "--non-interactive", "--disable-progress-bar"]
    answer = site.run(*python("twine", "upload", *address, package), person=person, **told)
    return answer.returncode, answer.stdout + answer.stderr


def pip(site: Site, *arguments: str | Path, person: Person | None) -> tuple[int, str]:
    """Runs pip, which takes the login from ``~/.netrc``."""
    index = {"PIP_INDEX_URL": f"{site.address}/simple/", "PIP_CERT": str(site.trusted), "PIP_NO_INPUT": "1"}
    quick = {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": "/dev/null",
    }
    answer = site.run(*python("pip", *arguments), person=person, **index, **quick)
    return answer.returncode, answer.stdout + answer.stderr


def test_twine_uploads_what_pip_installs(site: Site, tmp_path: Path) -> None:
    code, said = upload(site, site.ada, wheel(tmp_path, "greeting"))
    assert code == 0, said
    assert (site.folder / "packages/greeting-1.0-py3-none-any.whl").exists()
    code, said = pip(site, "download", "--dest", tmp_path / "downloaded", "greeting", person=site.ada)
    assert code == 0 and (tmp_path / "downloaded/greeting-1.0-py3-none-any.whl").exists(), said
    code, said = pip(site, "install", "--target", tmp_path / "installed", "greeting", person=site.ada)
    assert code == 0, said
    assert "Hello" in site.done(
        sys.executable, "-c", "import greeting; print(greeting.said)", PYTHONPATH=str(tmp_path / "installed")
    )


def test_twine_of_somebody_outside_of_the_group_may_not_upload(site: Site, tmp_path: Path) -> None:
    code, said = upload(site, site.bob, wheel(tmp_path, "intruder"))
    assert code != 0 and "403" in said
    assert not (site.folder / "packages/intruder-1.0-py3-none-any.whl").exists()


@pytest.mark.parametrize("who", ["bob", None])
def test_pip_of_nobody_else_may_download(site: Site, tmp_path: Path, who: str | None) -> None:
    wheel(site.folder / "packages", "ours")
    person = getattr(site, who) if who else None
    code, said = pip(site, "download", "--dest", tmp_path, "ours", person=person)
    assert code != 0 and not any(tmp_path.iterdir()), said
    assert site.status("/packages/ours-1.0-py3-none-any.whl", person) == (403 if who else 401)
