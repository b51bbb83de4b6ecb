"""The page of the demo site that shows its mails: what it reads, and to whom."""

from __future__ import annotations

import datetime as dt
from email.message import EmailMessage
from pathlib import Path

import pytest

from examples.inbox import MOST, Inbox, is_from_this_machine
from stormpath_wsgi.directory.mail.mailers import FolderMailer


def mail(subject: str, text: str = "Hello", html: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["To"], message["Subject"] = "ada@example.org", subject
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def test_mails_are_read_as_the_directory_writes_them_the_newest_first(tmp_path: Path) -> None:
    for subject in ("first", "Ünïcode"):
        FolderMailer(tmp_path).send(mail(subject, f"{subject} text", f"<p>{subject}</p>"))
    newest, oldest = Inbox(tmp_path).newest()
    assert (newest.subject, oldest.subject) == ("Ünïcode", "first")
    assert (newest.to, newest.text.strip(), str(newest.html).strip()) == (
        "ada@example.org",
        "Ünïcode text",
        "<p>Ünïcode</p>",
    )
    assert dt.datetime.now(dt.UTC) - newest.written < dt.timedelta(minutes=1)
    assert Inbox(tmp_path).find(newest.name) == newest


def test_the_addresses_in_a_mail_are_links_and_nothing_else_is_markup(tmp_path: Path) -> None:
    FolderMailer(tmp_path).send(mail("x", 'Open <b>\nhttp://127.0.0.1:8000/change?sptoken=a-b&c=1\nnow "'))
    [found] = Inbox(tmp_path).newest()
    link = "http://127.0.0.1:8000/change?sptoken=a-b&amp;c=1"
    assert str(found.text).strip() == f'Open &lt;b&gt;\n<a href="{link}">{link}</a>\nnow &#34;'


def test_an_inbox_without_mails_is_empty(tmp_path: Path) -> None:
    assert Inbox(tmp_path / "not there").newest() == []


def test_only_so_many_are_read(tmp_path: Path) -> None:
    for number in range(MOST + 1):
        (tmp_path / f"{number}-00000000.eml").write_bytes(mail(str(number)).as_bytes())
    assert len(Inbox(tmp_path).newest()) == MOST


@pytest.mark.parametrize(
    "name", ["", "..", "../1-00000000.eml", "/etc/passwd", "1-0000000g.eml", "2-00000000.eml", "\0"]
)
def test_no_other_file_is_shown(tmp_path: Path, name: str) -> None:
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    for folder in (tmp_path, outbox):
        (folder / "1-00000000.eml").write_bytes(mail("x").as_bytes())
    assert Inbox(outbox).find(name) is None


@pytest.mark.parametrize(
    ("address", "host", "shown"),
    [
        ("127.0.0.1", "localhost:8000", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "[::1]:8000", True),
        ("10.0.0.5", "localhost:8000", False),
        ("127.0.0.1", "evil.example", False),
        ("127.0.0.1", "localhost.evil.example", False),
        ("127.0.0.1", "", False),
        ("", "localhost", False),
    ],
)
def test_it_is_for_browsers_on_this_machine_only(address: str, host: str, shown: bool) -> None:
    assert is_from_this_machine({"REMOTE_ADDR": address, "HTTP_HOST": host}) is shown
