"""Settings: where they come from, which source wins, and what is said when one is wrong."""

from __future__ import annotations

import datetime as dt
import grp
import json
import os
import pwd
import stat
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import warm
from support.cheap import HASHER, SOUND_HASHER

from stormpath_wsgi import Client
from stormpath_wsgi.errors import ConfigurationError
from stormpath_wsgi.events import Event, SignedIn
from stormpath_wsgi.settings import LimitsSettings, Settings, instance
from stormpath_wsgi.settings.sources import Description

KEY = "0123456789abcdef0123456789abcdef"

#: Four processes at once make the keys of a folder, 25 times. Prints how many different ones they have.
FOUR_WORKERS = """
    import multiprocessing, pathlib, sys
    from stormpath_wsgi.settings import instance

    with multiprocessing.get_context("fork").Pool(4) as pool:
        for n in range(25):
            folder = pathlib.Path(sys.argv[1], str(n))
            print(len({tuple(keys) for keys in pool.map(instance.signing_keys, [folder] * 4, chunksize=1)}))
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder and an empty working directory; no variable of ours. Answers the home folder."""
    for name in list(os.environ):
        if name.startswith("STORMPATH_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    (folder / ".stormpath").mkdir(parents=True)
    (tmp_path / "site").mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(tmp_path / "site")
    return folder


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Lets a file be another user's. Only root can give it away; anybody else becomes somebody else."""

    def give(path: Path) -> None:
        user = os.geteuid()
        if user == 0:
            os.chown(path, 12345, -1)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: user + 1)

    return give


def complaint(**keywords: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Settings.read(**keywords)
    return str(caught.value)


class TestSources:
    def test_without_any_the_directory_lies_in_the_instance_folder(self) -> None:
        assert Settings.read().directory == "sqlite:///instance/accounts.db"
        assert Settings.read(instance="/srv/site").directory == "sqlite:////srv/site/accounts.db"

    def test_each_source_wins_over_the_one_before(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def idle() -> float:
            return Settings.read().session.idle.total_seconds()

        for seconds, path in enumerate(
            (home / ".stormpath/stormpath.json", home / ".stormpath/stormpath.yml", Path("stormpath.json"),
             Path("stormpath.yaml"), Path("stormpath.yml")), start=1,
        ):  # fmt: skip
            path.write_text(f'{{"session": {{"idle": {seconds}}}}}')
            assert idle() == seconds
        monkeypatch.setenv("STORMPATH_SESSION_IDLE", "6")
        assert idle() == 6
        assert Settings.read(session={"idle": 7}).session.idle == dt.timedelta(seconds=7)

    def test_sections_merge_and_lists_are_replaced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("stormpath.yaml").write_text("session: {idle: 60}\nweb:\n  produces: [text/html, application/json]\n")
        monkeypatch.setenv("STORMPATH_SESSION_ABSOLUTE", "600")
        settings = Settings.read(session={"cookie_name": "who"}, web={"produces": ["text/html"]})
        assert settings.session.idle == dt.timedelta(seconds=60)
        assert settings.session.absolute == dt.timedelta(seconds=600)
        assert settings.session.cookie_name == "who"
        assert settings.web.produces == ("text/html",)

    @pytest.mark.parametrize("name", ["stormpath.yaml", "stormpath.json"])
    def test_a_file_that_a_windows_editor_wrote_is_read(self, name: str) -> None:
        """It begins with a byte order mark."""
        Path(name).write_text('{"session": {"cookieName": "who"}}\r\n', encoding="utf-8-sig")
        assert Settings.read().session.cookie_name == "who"

    def test_a_file_may_have_a_root_of_our_name(self) -> None:
        Path("stormpath.yaml").write_text("stormpath:\n  web:\n    login: {uri: /enter}\n")
        assert Settings.read().web.login.uri == "/enter"

    @pytest.mark.parametrize("text", ["", "# nothing yet\n", "web:\n", "stormpath:\n"])
    def test_empty_files_and_sections_say_nothing(self, text: str) -> None:
        Path("stormpath.yaml").write_text(text)
        assert Settings.read() == Settings()

    @pytest.mark.parametrize("home_folder", [None, ""])
    def test_a_home_is_not_needed(self, home_folder: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("HOME")
        if home_folder is not None:
            monkeypatch.setenv("HOME", home_folder)
        assert Settings.read() == Settings()

    def test_a_keyword_may_be_a_dotted_name(self) -> None:
        """As in ini files, which name settings so. Each is laid over those before it."""
        settings = Settings.read(**{
            "session.idle": 60, "session": {"cookieName": "who"}, "protect./a.b/c": "login",
            "web.register.form.fields": '{"colour": {"label": "x"}}', "web.register.form.fields.colour.label": "Colour",
        })  # fmt: skip
        assert (settings.session.idle, settings.session.cookie_name) == (dt.timedelta(seconds=60), "who")
        assert settings.protect == {"/a.b/c": "login"}
        assert settings.web.register_.form.fields["colour"].label == "Colour"

    def test_camel_case_and_snake_case_are_the_same(self) -> None:
        camel = Settings.read(challengeOn401=True, session={"cookieName": "a"}, web={"register": {"autoLogin": True}})
        snake = Settings.read(
            challenge_on_401=True, session={"cookie_name": "a"}, web={"register": {"auto_login": True}}
        )
        assert camel == snake

    def test_one_attribute_of_a_field_can_be_changed(self) -> None:
        fields = Settings.read(web={"register": {"form": {"fields": {"surname": {"label": "Family Name"}}}}})
        surname = fields.web.register_.form.fields["surname"]
        assert (surname.label, surname.enabled) == ("Family Name", True)
        assert "email" in fields.web.register_.form.fields

    @pytest.mark.parametrize("directory", ["sqlite://", "https://id.example.org/v1"])
    def test_listeners_are_functions_or_their_names(self, directory: str) -> None:
        told: list[Event] = []

        def greet(event: SignedIn) -> None:
            told.append(event)

        for listener in (greet, "stormpath_wsgi.events:write_line"):
            opening = Settings.read(directory=directory, listeners=[listener]).opening()
            events = opening["events"] if "events" in opening else opening["options"].events
            events.emit(SignedIn(account="ada"))
        assert [event.account for event in told] == ["ada"]

    def test_a_listener_that_does_not_say_what_it_listens_to_is_refused(self) -> None:
        for wrong in (["json:dumps"], ["json:nowhere"], "json:dumps", [1], lambda: None):
            assert complaint(listeners=wrong).startswith("listeners")
        assert "def greet(event: SignedIn)" in complaint(listeners="json:dumps")

    def test_text_messages_are_sent_by_a_function_or_the_one_of_a_name(self) -> None:
        for sms in (json.dumps, "json:dumps"):
            sender: Any = Settings.read(sms=sms).directory_options().sms
            assert sender is json.dumps
        for wrong in ("json:nothing", "nothing_at_all:send", "", "os:sep", 7):
            assert complaint(sms=wrong).startswith("sms: ")


class TestEnvironment:
    @pytest.mark.parametrize(
        ("name", "text", "place", "value"),
        [
            ("STORMPATH_SESSION_COOKIENAME", "who", "session.cookie_name", "who"),
            ("STORMPATH_SESSION_COOKIE_NAME", "who", "session.cookie_name", "who"),
            ("STORMPATH_SESSION_COOKIESECURE", "false", "session.cookie_secure", False),
            ("STORMPATH_SESSION_COOKIESECURE", "1", "session.cookie_secure", True),
            ("STORMPATH_SESSION_IDLE", "PT1H", "session.idle", dt.timedelta(hours=1)),
            ("STORMPATH_SESSION_IDLE", "3600", "session.idle", dt.timedelta(hours=1)),
            ("STORMPATH_MAXBODY", "1000", "max_body", 1000),
            ("STORMPATH_CHALLENGEON401", "yes", "challenge_on_401", True),
            (
                "STORMPATH_WEB_PRODUCES",
                "text/html, application/json",
                "web.produces",
                ("text/html", "application/json"),
            ),
            ("STORMPATH_WEB_PRODUCES_0", "text/html", "web.produces", ("text/html",)),
            ("STORMPATH_WEB_REGISTER_AUTOLOGIN", "true", "web.register_.auto_login", True),
            ("STORMPATH_DIRECTORY", "sqlite://", "directory", "sqlite://"),
            ("STORMPATH_SESSION_COOKIENAME", "", "session.cookie_name", "stormpath_session"),
        ],
    )
    def test_text_is_read_as_the_declared_type(
        self, name: str, text: str, place: str, value: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(name, text)
        found: Any = Settings.read()
        for part in place.split("."):
            found = getattr(found, part)
        assert found == value

    def test_names_with_values_are_one_json_object(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("stormpath.yaml").write_text("protect: {/a: login, /b: login}\n")
        monkeypatch.setenv("STORMPATH_PROTECT", '{"/a": ["admins"], "/c.d": "login"}')
        monkeypatch.setenv(
            "STORMPATH_WEB_REGISTER_FORM_FIELDS", '{"favouriteColour": {"label": "x"}, "b": {"label": "B"}}'
        )
        monkeypatch.setenv("STORMPATH_WEB_REGISTER_FORM_FIELDS_FAVOURITE_COLOUR_LABEL", "Colour")
        settings = Settings.read()
        assert settings.protect == {"/a": ["admins"], "/b": "login", "/c.d": "login"}
        fields = settings.web.register_.form.fields
        assert (fields["favouriteColour"].label, fields["b"].label, fields["email"].label) == ("Colour", "B", "Email")

    def test_a_field_may_be_made_by_its_own_variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORMPATH_WEB_REGISTER_FORM_FIELDS_SHOE_SIZE_LABEL", "Shoe size")
        monkeypatch.setenv("STORMPATH_WEB_REGISTER_FORM_FIELDS_SHOE_SIZE_TYPE", "number")
        shoes = Settings.read().web.register_.form.fields["shoe_size"]
        assert (shoes.label, shoes.type) == ("Shoe size", "number")

    @pytest.mark.parametrize("text", ["login", "{", '{"/a": }', "[1]", '"x"'])
    def test_names_with_values_that_are_no_json_object_are_refused(
        self, text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STORMPATH_PROTECT", text)
        assert complaint() == (
            'protect (STORMPATH_PROTECT): write names with their values, as JSON: {"name": "value"}.'
        )

    def test_a_list_may_be_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORMPATH_WEB_PRODUCES", '["text/html"]')
        monkeypatch.setenv("STORMPATH_SECRETKEYS", f'["{KEY}"]')
        assert Settings.read().web.produces == ("text/html",)
        assert [key.get_secret_value() for key in Settings.read().secret_keys] == [KEY]

    def test_a_field_that_a_file_brought_in_is_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("stormpath.yaml").write_text("web: {register: {form: {fields: {colour: {label: Colour}}}}}")
        monkeypatch.setenv("STORMPATH_WEB_REGISTER_FORM_FIELDS_COLOUR_LABEL", "Your colour")
        assert Settings.read().web.register_.form.fields["colour"].label == "Your colour"

    @pytest.mark.parametrize(
        "name",
        ["STORMPATH_API_KEY_ID", "STORMPATH_CLIENT_CACHEMANAGER_DEFAULTTTL", "STORMPATH_APPLICATION", "STORMPATH_URL",
         "STORMPATH_PORT", "STORMPATH_PORT_8000_TCP_ADDR", "STORMPATH_SERVICE_HOST", "STORMPATH_WEB_SERVICE_PORT_HTTP"],
    )  # fmt: skip
    def test_variables_of_other_programs_are_left_alone(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, "x")
        assert Settings.read() == Settings()

    def test_a_misspelt_variable_is_refused_by_its_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORMPATH_SESION_COOKIESECURE", "true")
        assert complaint() == (
            "STORMPATH_SESION_COOKIESECURE: no setting has this environment variable; "
            "did you mean STORMPATH_SESSION_COOKIESECURE?"
        )

    def test_two_spellings_at_once_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORMPATH_MAXBODY", "1")
        monkeypatch.setenv("STORMPATH_MAX_BODY", "2")
        assert complaint() == "STORMPATH_MAXBODY and STORMPATH_MAX_BODY are the same setting; keep one of them."


class TestMistakes:
    @pytest.mark.parametrize(
        ("keywords", "text"),
        [
            ({"cookie_name": "x"}, "cookie_name: there is no such setting; did you mean session.cookieName?"),
            ({"sesion": {}}, "sesion: there is no such setting; did you mean session?"),
            ({"web": {"login": {"url": "/in"}}},
             "web.login.url: there is no such setting; did you mean web.login.uri?"),
            ({"session": 5}, "session: write names with their values."),
            ({"session": {"idle": "soon"}},
             "session.idle: write seconds (3600), an ISO 8601 duration (PT1H) or a timedelta."),
            ({"session": {"idle": 0}}, "session.idle: write a duration of 1 second to 10 years."),
            ({"session": {"idle": "P40D"}},
             "session: idle is longer than absolute; write an idle time of at most the absolute one."),
            ({"session": {"cookieSameSite": "Non"}}, "session.cookieSameSite: write one of 'Lax', 'Strict' or 'None'."),
            ({"session": {"cookieSameSite": "None"}},
             "session: cookieSameSite None needs a Secure cookie; set cookieSecure to true as well."),
            ({"session": {"cookieName": "__Host-x"}},
             "session.cookieName: leave the prefix out; __Host- is added to the name whenever the cookie "
             "qualifies for it."),
            ({"session": {"cookieDomain": "https://a.example"}},
             "session.cookieDomain: write a host name such as example.com, without scheme, port and path."),
            ({"max_body": "many"}, "maxBody: write a whole number."),
            ({"max_body": 0}, "maxBody: write more than 0."),
            ({"challenge_on_401": "perhaps"}, "challengeOn401: write true or false."),
            ({"secret_keys": ["changeme"]},
             "secretKeys.0: is shorter than 32 characters; make one with: stormpath-wsgi secret."),
            ({"encryption_keys": ["5a" * 31]},
             "encryptionKeys.0: has fewer than 64 hex digits; make one with: stormpath-wsgi secret."),
            ({"directory": "mysql://u:hush@h/d"},
             "directory: write sqlite:///path/of/accounts.db, postgresql+psycopg://user:password@host/database or "
             "https://id.example.com/v1."),
            ({"web": {"produces": []}}, "web.produces: write at least 1."),
            ({"web": {"produces": ["text/html", "text/plain"]}},
             "web.produces.1: write one of 'application/json' or 'text/html'."),
            ({"web": {"me": {"uri": "/login"}}}, "web: login.uri and me.uri are both /login; give each page its own."),
            ({"web": {"login": {"uri": "login"}}},
             "web.login.uri: write a path of your site that starts with one /, without ? and #."),
            ({"web": {"login": {"nextUri": "//evil"}}},
             "web.login.nextUri: write a path of your site that starts with one /, or a whole http(s) address."),
            ({"application": {"href": "x"}},
             "application.href: write the href of an application: it contains /applications/."),
            ({"protect": {"/a": 1}},
             "protect: /a: write login, fresh, secondFactor, or a list of group names, or (in Python) a policy."),
            ({"web": {"register": {"form": {"fields": {"colour": {"type": "text"}}}}}},
             "web.register.form.fields.colour.label: is missing; write it."),
            ({"web": {"register": {"form": {"fields": {"company": {}}}}}},
             "web.register.form.fields.company.label: is missing; write it."),
            ({"web": {"register": {"form": {"fields": {"a.b": {"label": "x"}}}}}},
             "web.register.form: the field a.b cannot be stored; name it with other letters, digits, _ and -."),
        ],
    )  # fmt: skip
    def test_it_is_named_and_the_remedy_told(self, keywords: dict[str, Any], text: str) -> None:
        assert complaint(**keywords) == text

    def test_everything_that_is_wrong_is_told_at_once(self) -> None:
        assert complaint(wbe=1, max_body="x", cache_size=-1).splitlines() == [
            "wbe: there is no such setting; did you mean web?",
            "maxBody: write a whole number.",
            "cacheSize: write 0 or more.",
        ]

    def test_the_file_is_named(self) -> None:
        Path("stormpath.yaml").write_text("session:\n  idle: soon\n  idel: 5\n")
        path = Path("stormpath.yaml").absolute()
        assert complaint().splitlines() == [
            f"session.idel in {path}: there is no such setting; did you mean session.idle?",
            f"session.idle in {path}: write seconds (3600), an ISO 8601 duration (PT1H) or a timedelta.",
        ]

    @pytest.mark.parametrize(
        ("name", "content", "text"),
        [
            ("stormpath.yaml", b"a: [hush", "is not YAML: line 1: expected ',' or ']', but got '<stream end>'."),
            ("stormpath.json", b'{"a": \n', "is not JSON: line 2: Expecting value."),
            ("stormpath.yaml", b"a: \xff", "is not UTF-8 text."),
            ("stormpath.yaml", b"a: \x01", "is not YAML."),
        ],
    )
    def test_a_file_that_cannot_be_parsed_is_named_without_a_piece_of_it(
        self, name: str, content: bytes, text: str
    ) -> None:
        Path(name).write_bytes(content)
        assert complaint() == f"{Path(name).absolute()}: {text}"

    def test_the_variable_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORMPATH_MAXBODY", "big")
        assert complaint() == "maxBody (STORMPATH_MAXBODY): write a whole number."

    def test_a_file_that_is_a_list_is_refused(self) -> None:
        Path("stormpath.yaml").write_text("- web\n")
        assert complaint() == f"settings in {Path('stormpath.yaml').absolute()}: write names with their values."


class TestSecrets:
    def test_none_is_shown(self) -> None:
        settings = Settings.read(
            directory="postgresql+psycopg://ada:h@sh@db/x?password=hush", secret_keys=[KEY], encryption_keys=["5a" * 32]
        )
        for text in (repr(settings), str(settings)):
            assert "hush" not in text and "h@sh" not in text and KEY not in text and "5a5a" not in text
            assert "postgresql+psycopg://ada:***@db/x" in text

    def test_none_is_in_a_complaint(self) -> None:
        assert "hush" not in complaint(secret_keys="hush", directory="odd://u:hush@h", session={"idle": "hush"})

    def test_several_keys_are_taken_from_text_and_from_a_list(self) -> None:
        other = KEY[::-1]
        for keys in (f"{KEY},{other}", f"{KEY} {other}", [KEY, other]):
            assert [key.get_secret_value() for key in Settings.read(secret_keys=keys).secret_keys] == [KEY, other]


class TestInstanceFolder:
    def test_reading_writes_nothing(self) -> None:
        Settings.read()
        assert not Path("instance").exists()

    def test_a_generated_key_is_private_and_kept(self) -> None:
        first, second = Settings.load(), Settings.load()
        assert first.secret_keys == second.secret_keys != ()
        assert stat.S_IMODE(Path("instance").stat().st_mode) == 0o700
        assert stat.S_IMODE(Path("instance/secret_keys").stat().st_mode) == 0o600
        assert [path.name for path in Path("instance").iterdir()] == ["secret_keys"]

    def test_workers_that_start_at_once_get_the_same_key(self, tmp_path: Path, program: warm.Start) -> None:
        answered, _ = program(FOUR_WORKERS, str(tmp_path)).communicate()
        assert answered.split() == ["1"] * 25
        assert [path.name for n in range(25) for path in (tmp_path / str(n)).iterdir()] == ["secret_keys"] * 25

    def test_it_is_there_for_the_accounts_too(self) -> None:
        Settings.load(secret_keys=[KEY])
        assert list(Path("instance").iterdir()) == []

    def test_with_a_directory_and_a_key_of_mine_there_is_none(self) -> None:
        settings = Settings.load(directory="sqlite:///mine.db", secret_keys=[KEY])
        assert [key.get_secret_value() for key in settings.secret_keys] == [KEY]
        assert not Path("instance").exists()

    def test_a_directory_in_memory_leaves_no_folder(self) -> None:
        assert Settings.load(directory="sqlite://").secret_keys
        assert not Path("instance").exists()

    def test_a_shared_directory_asks_for_shared_keys(self) -> None:
        with pytest.raises(ConfigurationError, match="secretKeys is not set"):
            Settings.load(directory="postgresql+psycopg://localhost/accounts")

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
    def test_a_key_file_open_to_others_is_refused(self, mode: int) -> None:
        Settings.load()
        Path("instance/secret_keys").chmod(mode)
        with pytest.raises(ConfigurationError, match="chmod 600 instance/secret_keys"):
            Settings.load()

    def test_a_key_file_of_another_user_is_refused(self, stranger: Callable[[Path], None]) -> None:
        Settings.load()
        stranger(Path("instance/secret_keys"))
        with pytest.raises(ConfigurationError, match="instance/secret_keys belongs to another user"):
            Settings.load()

    def test_a_link_to_a_key_file_of_another_user_is_refused(self, stranger: Callable[[Path], None]) -> None:
        Settings.load()
        Path("elsewhere").mkdir(mode=0o700)
        target = Path("instance/secret_keys").rename("elsewhere/keys")
        Path("instance/secret_keys").symlink_to(target.resolve())
        assert Settings.load().secret_keys
        stranger(target)
        with pytest.raises(ConfigurationError, match="belongs to another user"):
            Settings.load()

    @pytest.mark.parametrize("folder", ["instance", "elsewhere"])
    @pytest.mark.parametrize("mode", [0o777, 0o772, 0o702])
    def test_a_key_file_that_others_may_replace_is_refused(self, folder: str, mode: int) -> None:
        """Also where a link leads."""
        Settings.load()
        Path("elsewhere").mkdir(mode=0o700)
        target = Path("instance/secret_keys").rename("elsewhere/keys")
        Path("instance/secret_keys").symlink_to(target.resolve())
        Path(folder).chmod(mode)
        with pytest.raises(ConfigurationError, match=rf"chmod go-w \S*{folder}"):
            Settings.load()

    def test_no_key_is_made_where_others_may_replace_it(self) -> None:
        Path("instance").mkdir()
        Path("instance").chmod(0o777)
        with pytest.raises(ConfigurationError, match="chmod go-w instance"):
            Settings.load()
        assert list(Path("instance").iterdir()) == []

    def test_a_folder_where_each_may_only_touch_his_own_will_do(self) -> None:
        Path("instance").mkdir()
        Path("instance").chmod(0o1777)
        assert Settings.load().secret_keys == Settings.load().secret_keys

    def test_a_folder_may_be_open_to_the_group_of_its_owner_alone(self) -> None:
        """As many systems make it. Here the group is that of the user who runs the tests."""
        Settings.load()
        Path("instance").chmod(0o770)
        me = pwd.getpwuid(os.geteuid())
        alone = grp.getgrgid(Path("instance").stat().st_gid)
        if alone.gr_name == me.pw_name and set(alone.gr_mem) <= {me.pw_name}:
            assert Settings.load().secret_keys
        else:
            with pytest.raises(ConfigurationError, match="chmod go-w"):
                Settings.load()

    def test_a_key_file_that_a_windows_editor_wrote_is_read(self) -> None:
        Settings.load()
        Path("instance/secret_keys").write_text(KEY, encoding="utf-8-sig")
        assert [key.get_secret_value() for key in Settings.load().secret_keys] == [KEY]

    @pytest.mark.parametrize("content", ["", "short\n", "\n\n", "ü" * 40])
    def test_a_key_file_without_good_keys_is_refused(self, content: str) -> None:
        Settings.load()
        Path("instance/secret_keys").write_text(content)
        with pytest.raises(ConfigurationError, match="must hold keys of at least 32 ASCII characters"):
            Settings.load()

    def test_the_first_key_of_the_file_signs(self) -> None:
        Settings.load()
        path = Path("instance/secret_keys")
        path.write_text(f"{KEY}\n{path.read_text()}")
        keys = Settings.load().secret_keys
        assert (len(keys), keys[0].get_secret_value()) == (2, KEY)

    def test_a_folder_that_cannot_be_made_is_named(self) -> None:
        Path("file").touch()
        with pytest.raises(ConfigurationError, match=r"the folder file/instance cannot be made .*STORMPATH_INSTANCE"):
            Settings.load(instance="file/instance")


class TestAnotherMachine:
    """The directory behind a REST API, by the names of the framework specification."""

    def test_its_address_may_be_the_directory_or_the_base_url_of_the_client(self) -> None:
        Path("stormpath.yaml").write_text("client: {baseUrl: https://id.example.org/v1}")
        for settings in (Settings.read(), Settings.read(directory="https://id.example.org/v1")):
            assert (settings.directory, settings.remote) == ("https://id.example.org/v1", True)
        assert Settings.load(secret_keys=[KEY]).remote
        assert not Path("instance").exists(), "nothing is kept here"

    def test_its_keys_must_be_shared(self) -> None:
        with pytest.raises(ConfigurationError, match="secretKeys is not set"):
            Settings.load(directory="https://id.example.org/v1")

    def test_the_settings_open_a_client_of_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STORMPATH_CLIENT_APIKEY_ID", "MyId")
        monkeypatch.setenv("STORMPATH_CLIENT_APIKEY_SECRET", "Shush!")
        settings = Settings.read(directory="https://id.example.org/v1", client={"authenticationScheme": "BASIC"})
        with Client(**settings.opening()) as client:
            assert client.auth and (client.auth.id, client.auth.secret) == ("MyId", "Shush!")
        assert "Shush!" not in repr(settings)

    def test_its_key_may_be_in_a_file(self) -> None:
        Path("key").write_text("apiKey.id = MyId\napiKey.secret = Shush!\n")
        settings = Settings.read(directory="https://id.example.org/v1", client={"api_key": {"file": "key"}})
        with Client(**settings.opening()) as client:
            assert client.auth and client.auth.id == "MyId"

    def test_its_answers_are_good_for_as_long_as_a_session_is(self) -> None:
        settings = Settings.read(directory="https://id.example.org/v1", cache_ttl=7)
        assert settings.opening()["cache_options"] == {"ttl": 7, "tti": 7, "url": None}

    @pytest.mark.parametrize("place", ["directory", "baseUrl"])
    def test_a_key_in_its_address_is_refused_and_not_repeated(self, place: str) -> None:
        address = "https://id:the-secret@id.example.org/v1"
        given: dict[str, Any] = {"directory": address} if place == "directory" else {"client": {"baseUrl": address}}
        said = complaint(**given)
        assert "leave the API key out of the address" in said
        assert "the-secret" not in said

    def test_an_embedded_directory_is_opened_by_the_same_word(self) -> None:
        with Client(**Settings.read(directory="sqlite://").opening()) as client:
            assert client.base_url == "https://localhost/v1"


class TestWhatHasNoEffect:
    """Settings that belong to the other end of the wire. They were taken without a word."""

    @pytest.mark.parametrize(
        ("client", "name"),
        [
            ({"cacheUrl": "redis://:hush@cache/0"}, "client.cacheUrl"),
            ({"caBundle": "/etc/authority.pem"}, "client.caBundle"),
            ({"allowInsecure": True}, "client.allowInsecure"),
        ],
    )
    @pytest.mark.parametrize("directory", ["sqlite://", "postgresql+psycopg://ada:hush@db/x"])
    def test_what_would_be_missed_is_refused(self, client: dict[str, Any], name: str, directory: str) -> None:
        settings = Settings.read(directory=directory, client=client)
        with pytest.raises(ConfigurationError, match=f"^{name} is for a directory on another machine") as refused:
            settings.opening()
        assert "hush" not in str(refused.value)

    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ({"directory": "sqlite://", "client": {"authenticationScheme": "BASIC"}}, "client.authenticationScheme"),
            ({"directory": "sqlite://", "client": {"connectionTimeout": 5}}, "client.connectionTimeout"),
            ({"directory": "https://id.example.org/v1", "encryptionKeys": ["5a" * 32]}, "encryptionKeys"),
            ({"directory": "https://id.example.org/v1", "sms": "json:dumps"}, "sms"),
            ({"directory": "https://id.example.org/v1", "mail": {"fromName": "Us"}}, "mail"),
            ({"directory": "https://id.example.org/v1", "baseUrl": "https://other.example/v1"}, "baseUrl"),
            ({"directory": "https://id.example.org/v1", "passwordHasher": "support.cheap:HASHER"}, "passwordHasher"),
        ],
    )
    def test_the_rest_is_told(self, given: dict[str, Any], name: str, caplog: pytest.LogCaptureFixture) -> None:
        Settings.read(**given).opening()
        [record] = caplog.records
        assert record.getMessage().startswith(f"{name} has no effect with the directory {given['directory']}")

    @pytest.mark.parametrize("wrong", ["json:dumps", "support.cheap:options", 5])
    def test_what_is_no_hasher_is_refused(self, wrong: object) -> None:
        assert "passwordHasher: write the name of a hasher" in complaint(password_hasher=wrong)

    def test_a_hasher_for_tests_is_spoken_of_where_the_directory_stays(self, caplog: pytest.LogCaptureFixture) -> None:
        for directory, hasher, warns in (
            ("sqlite:///accounts.db", HASHER, True),
            ("postgresql+psycopg://site@db/accounts", HASHER, True),
            ("sqlite:///accounts.db", SOUND_HASHER, False),
            ("sqlite:///accounts.db", None, False),
            ("sqlite://", HASHER, False),
            ("sqlite:///:memory:", HASHER, False),
        ):
            caplog.clear()
            Settings(directory=directory, password_hasher=hasher).directory_options()
            assert ("STORMPATH_PASSWORDHASHER" in caplog.text) is warns, (directory, hasher)

    def test_what_is_as_by_default_is_not_spoken_of(self, caplog: pytest.LogCaptureFixture) -> None:
        for directory in ("sqlite://", "https://id.example.org/v1"):
            Settings.read(directory=directory, client={"apiKey": {"id": "x", "secret": "y"}}).opening()
        assert caplog.records == []


class TestLinksOfMails:
    """They lead to the site, wherever the settings or the command that serves it say that is."""

    def links(self, **given: Any) -> tuple[str | None, str | None]:
        mail = Settings.read(**given).directory_options().mail
        return mail.reset_link, mail.verification_link

    @pytest.mark.parametrize(
        ("given", "link"),
        [
            ({}, "https://localhost/change"),
            ({"base_url": "https://id.example.org/v1"}, "https://id.example.org/change"),
            ({"web": {"baseUrl": "https://www.example.com/"}}, "https://www.example.com/change"),
            (
                {"base_url": "https://id.example.org/v1", "web": {"baseUrl": "https://www.example.com/shop"}},
                "https://www.example.com/shop/change",
            ),
            (
                {"web": {"basePath": "/app", "changePassword": {"uri": "/passwort-ändern"}}},
                "https://localhost/app/passwort-%C3%A4ndern",
            ),
            (
                {"mail": {"resetLink": "https://spa.example/#/change"}, "web": {"baseUrl": "https://www.example.com"}},
                "https://spa.example/#/change",
            ),
        ],
    )
    def test_lead_where_the_settings_say(self, given: dict[str, Any], link: str) -> None:
        assert self.links(**given)[0] == link

    def test_lead_to_the_address_at_which_the_command_serves_where_nothing_else_is_said(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("_STORMPATH_SERVED_AT", "http://127.0.0.1:8000")
        assert self.links() == ("http://127.0.0.1:8000/change", "http://127.0.0.1:8000/verify")
        assert self.links(base_url="https://id.example.org/v1")[0] == "https://id.example.org/change"
        assert self.links(web={"baseUrl": "https://www.example.com"})[1] == "https://www.example.com/verify"

    @pytest.mark.parametrize(
        ("given", "warns"),
        [
            ({}, True),
            ({"web": {"baseUrl": "http://127.0.0.1:8000"}}, True),
            ({"web": {"baseUrl": "https://www.example.com"}}, False),
            ({"mail": {"url": "smtp://mail.example.com", "resetLink": "https://a.example/r"}}, True),
            (
                {
                    "mail": {
                        "url": "smtp://mail.example.com",
                        "resetLink": "https://a.example/r",
                        "verificationLink": "https://a.example/v",
                        "invitationLink": "https://a.example/i",
                        "site": "https://a.example",
                    }
                },
                False,
            ),
            ({"mail": {"url": "folder:///tmp/outbox"}}, False),
        ],
    )
    def test_are_warned_about_where_mail_is_sent_and_nobody_could_follow_them(
        self, given: dict[str, Any], warns: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.links(**{"mail": {"url": "smtp://user:hush@mail.example.com"}, **given})
        assert ("only this machine reaches: set web.baseUrl" in caplog.text) is warns
        assert "hush" not in caplog.text

    def test_lead_to_where_the_site_was_served_last_for_commands_that_mail(self, tmp_path: Path) -> None:
        instance.note_address(tmp_path / "none", "http://127.0.0.1:8000")  # which does no harm
        assert instance.noted_address(tmp_path / "none") is None
        instance.note_address(tmp_path, "http://127.0.0.1:8000")
        assert self.links(instance=tmp_path)[1] == "http://127.0.0.1:8000/verify"
        assert self.links(instance=tmp_path, baseUrl="https://id.example.com")[1] == "https://id.example.com/verify"
        (tmp_path / "served_at").write_text("javascript:alert(1)")
        assert instance.noted_address(tmp_path) is None

    @pytest.mark.parametrize("wrong", ["www.example.com", "ftp://x", "https://x?y", "https://u@x", "https://x/#y", "/"])
    def test_lead_to_whole_addresses_only(self, wrong: str) -> None:
        with pytest.raises(ConfigurationError, match=r"web\.baseUrl: write a whole http\(s\) address"):
            Settings.read(web={"baseUrl": wrong})


class TestLanguages:
    def test_one_that_is_named_twice_counts_once(self) -> None:
        assert Settings.read(web={"languages": "de, en, de"}).web.languages == ("de", "en")

    @pytest.mark.parametrize("wrong", ["", "tlh", "de, deutsch", "pt_BR"])
    def test_are_those_that_there_are_texts_of(self, wrong: str) -> None:
        with pytest.raises(ConfigurationError, match=r"web\.languages"):
            Settings.read(web={"languages": wrong})

    @pytest.mark.parametrize("wrong", ["Berlin", "../../etc/passwd", "", "x" * 5000])
    def test_a_time_zone_is_one_of_the_machine(self, wrong: str) -> None:
        with pytest.raises(ConfigurationError, match=r"web\.timeZone.*write one such as UTC or Europe/Berlin"):
            Settings.read(web={"timeZone": wrong})


class TestDescription:
    def test_each_setting_says_what_it_means(self) -> None:
        assert [entry.name for entry in Settings.describe() if not entry.meaning] == []

    def test_an_entry_tells_all(self) -> None:
        entries = {entry.name: entry for entry in Settings.describe()}
        assert entries["session.idle"] == Description(
            "session.idle", "STORMPATH_SESSION_IDLE", "duration", "86400", "seconds",
            "A session ends when it has not been used for this long.",
        )  # fmt: skip
        assert entries["web.produces"].default == "application/json, text/html"
        assert entries["maxBody"].unit == "bytes"
        assert "web.register.form.fields.NAME.label" in entries

    @pytest.mark.parametrize("entry", Settings.describe(), ids=lambda entry: entry.name)
    def test_each_variable_of_the_documentation_sets_its_setting(
        self, entry: Description, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A name that is shown works, with text of the type that is shown. NAME is a name of the reader's choice."""
        name, needed = entry.variable, ALSO_NEEDED.get(entry.name, {})
        if ".NAME." in entry.name:
            name = name.replace("NAME", "COLOUR")
            stem = name.rpartition("_")[0]
            kind = {"options": "select", "links": "checkbox"}.get(entry.name.rpartition(".")[2])
            needed = {f"{stem}_LABEL": "Colour", **({f"{stem}_TYPE": kind} if kind else {})}
        for variable, text in {**needed, name: _other(entry)}.items():
            monkeypatch.setenv(variable, text)
        found, default = _value(Settings.read(), entry.name), _value(Settings(), entry.name)
        assert found != default
        assert Settings.place(name) == entry.name.replace("NAME", "colour")

    def test_no_two_settings_share_a_variable(self) -> None:
        names = [entry.variable.replace("_", "") for entry in Settings.describe()]
        assert len(names) == len(set(names))


#: Text that means another value than the default: by the type that the documentation shows,
EXAMPLES = {
    "text": "other",
    "whole number": "7",
    "duration": "7",
    "path": "elsewhere",
    "secret": "x" * 40,
    "list of text": "email, password",
    "list of list of text": "red, blue",
    "function": "json:dumps",
    "limit": "3 tries, waits 2s to 1m, one back after 1h",
    "time zone": "Europe/Berlin",
}
#: and by name, where not any text will do.
OTHER_VALUES = {
    "passwords.cost": "owasp",
    "application.href": "https://localhost/v1/applications/x",
    "audit.signingKeys": "5a" * 32,
    "audit.url": "https://log.example.org/heads?token=hush",
    "baseUrl": "https://id.example.com/v1",
    "client.authenticationScheme": "BASIC",
    "client.baseUrl": "https://id.example.com/v1",
    "credentials": "session",
    "directory": "sqlite://",
    "encryptionKeys": "5a" * 32,
    "environ.email": "HTTP_X_FORWARDED_EMAIL",
    "environ.groups": "HTTP_X_FORWARDED_GROUPS",
    "environ.user": "HTTP_X_FORWARDED_USER",
    "limits.url": "rediss://:secret@cache.example.com:6379/0",
    "listeners": "stormpath_wsgi.events:write_line",
    "mail.fromAddress": "noreply@example.com",
    "listenUrl": "postgresql+psycopg://localhost/accounts",
    "mail.accent": "#2563eb",
    "mail.logo": "https://example.com/logo.png",
    "mail.site": "https://example.com/site",
    "mail.resetLink": "https://example.com/change",
    "mail.domain": "example.com",
    "passkeys.rpId": "example.com",
    "passkeys.origins": "https://example.com",
    "mail.verificationLink": "https://example.com/verify",
    "mail.invitationLink": "https://example.com/invitation",
    "passwordHasher": "support.cheap:HASHER",
    "preflight": "/members",
    "protect": '{"/members": "login"}',
    "proxies": "127.0.0.1, 10.0.0.0/8, unix",
    "secretKeys": KEY,
    "session.absolute": "100000",
    "session.cookieDomain": "example.com",
    "web.basePath": "/shop",
    "web.forwardAuth.headers.email": "X-Webauth-Email",
    "web.forwardAuth.headers.groups": "X-Webauth-Groups",
    "web.forwardAuth.headers.name": "X-Webauth-Name",
    "web.forwardAuth.headers.user": "X-Webauth-User",
    "web.forwardAuth.hosts": '{"auth.example.com:8443": "login"}',
    "web.languages": "de, en",
    "web.accessTokenCookie.path": "/shop",
    "web.refreshTokenCookie.path": "/shop",
    "web.login.form.fields": '{"login": {"label": "Name"}}',
    "web.login.form.fieldOrder": "password, login",
    "web.login.form.fields.NAME.type": "number",
    "web.logout.alsoAt": "/bye",
    "web.look.accent": "#2563eb",
    "web.look.helpUrl": "/help",
    "web.look.logo": "/logo.svg",
    "web.look.logoDark": "https://cdn.example.com/dark.svg",
    "web.look.privacyUrl": "https://example.com/privacy",
    "web.look.termsUrl": "/terms",
    "web.produces": "text/html",
    "web.baseUrl": "https://www.example.com/shop",
    "web.multiTenancy.strategy": "off",
    "web.spa.enabled": "true",
    "web.organizationSelect.form.fields": '{"organizationNameKey": {"label": "Key"}}',
    "web.organizationSelect.form.fields.NAME.type": "number",
    "web.organizationSelect.form.fieldOrder": "[]",
    "web.social": '{"colour": {"label": "Colour"}}',
    "web.social.NAME.uri": "/back",
    "web.social.NAME.startUri": "/to/colour",
    "web.social.NAME.mark": "/colour.svg",
    "web.social.NAME.issuer": "https://login.example.com",
    "web.register.form.fields": '{"colour": {"label": "Colour"}}',
    "web.register.form.fields.NAME.type": "number",
    "web.forgotPassword.form.fields": '{"email": {"label": "Address"}}',
    "web.forgotPassword.form.fields.NAME.type": "text",
    "web.forgotPassword.form.fieldOrder": "[]",
    "web.changePassword.form.fields": '{"password": {"label": "Secret"}}',
    "web.changePassword.form.fields.NAME.type": "number",
    "web.changePassword.form.fieldOrder": "confirmPassword, password",
    "web.invitation.form.fields": '{"colour": {"label": "Colour"}}',
    "web.invitation.form.fields.NAME.type": "number",
    "web.invitation.form.fieldOrder": "password, givenName",
    "web.verifyEmail.form.fields": '{"login": {"label": "Address"}}',
    "web.verifyEmail.form.fields.NAME.type": "text",
    "web.verifyEmail.form.fieldOrder": "[]",
}
ALSO_NEEDED = {
    "web.forwardAuth.hosts": {"STORMPATH_WEB_BASEURL": "https://auth.example.com"},
    "web.spa.enabled": {"STORMPATH_WEB_SPA_VIEW": __file__},
    "preflight": {"STORMPATH_PROTECT": '{"/members": "login"}'},
    "session.cookieSameSite": {"STORMPATH_SESSION_COOKIESECURE": "true"},
}


def _other(entry: Description) -> str:
    """Text that sets *entry* to something else than its default."""
    if entry.name in OTHER_VALUES:
        return OTHER_VALUES[entry.name]
    if entry.type == "true or false":
        return "false" if entry.default == "true" else "true"
    if " or " in entry.type:
        return next(choice for choice in entry.type.split(" or ") if choice != entry.default)
    if entry.name.endswith(".form.fields.NAME.links"):
        return '{"Col": "/elsewhere"}'
    return "/other" if entry.default.startswith("/") else EXAMPLES[entry.type]


def _value(settings: Settings, name: str) -> Any:
    """What *settings* hold under a dotted name, that of a field being colour."""
    found: Any = settings.model_dump(by_alias=True)
    for part in name.replace("NAME", "colour").split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


TEXT = st.text(alphabet=string.printable, max_size=20)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(sorted({part for entry in Settings.describe() for part in entry.name.split(".")}))


@given(st.recursive(ODD, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12))
def test_whatever_is_written_in_a_file_the_answer_is_settings_or_a_complaint(content: Any) -> None:
    Path("stormpath.json").write_text(json.dumps(content))
    try:
        Settings.read()
    except ConfigurationError as error:
        assert str(error)


@given(st.sampled_from(Settings.describe()), TEXT)
def test_whatever_a_variable_holds_the_answer_is_settings_or_a_complaint(entry: Description, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(entry.variable, text.replace("\0", ""))
        try:
            Settings.read()
        except ConfigurationError as error:
            assert entry.variable in str(error) or entry.name.rpartition(".")[0] in str(error)


def test_codes_of_second_factors_are_limited_whatever_else_is_not() -> None:
    """Six digits are guessed in a day."""
    assert list(LimitsSettings(enabled=False).in_force()) == ["factor"]
    assert len(LimitsSettings().in_force()) > 1
