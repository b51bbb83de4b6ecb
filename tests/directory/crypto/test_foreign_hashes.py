"""Hashes of other systems: each was made by the library that it is named for, and verifies here."""

# ruff: noqa: E501 - a hash is one word

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cheap import HASHER, WAITING

from stormpath_wsgi.directory.crypto import foreign_hashes
from stormpath_wsgi.directory.crypto.passwords import Passwords, check_format
from stormpath_wsgi.errors import Error

PASSWORD = "pässword 1"
SALT = "146585145368132386173505678016728509634"

#: Made of PASSWORD by Django 5.2, passlib 1.7.4 and Werkzeug 3.1, with low costs.
MADE = {
    "Django pbkdf2_sha256": "pbkdf2_sha256$1000$seasalt$3x9khCOA+OYHxrLgQFhfrwm0DFFNS9sxAyvMV5/C+es=",
    "Django pbkdf2_sha1": "pbkdf2_sha1$1000$seasalt$v5z6t0vukCFd5bDJ1sLLW5EqRNA=",
    "Django argon2": "argon2$argon2id$v=19$m=64,t=1,p=1$bHZsSmlmUFlTWXBPV2wzbWVydWxWUg$7YhYKSrL6WtgL263hQvJOYu5Wmt9zsgBtQsUdrU/cec",
    "Django bcrypt_sha256": "bcrypt_sha256$$2b$04$EC2kk4gDDn/BJSDZIJu/lOOsoOCB8WJet5au6QQ6DjcxdYAEohtzy",
    "Django bcrypt": "bcrypt$$2b$04$XO5ZvmSYuYJOmOOA2ap6LOr4OPKr5wLM1K/UaFFGDPPuyEIqiTAti",
    "Django scrypt": "scrypt$16$seasalt$8$1$PK0aTSCk+U4QsdeyGITTqdxDYVjXgKu//d9uH0RUhBHgluYnqXa6XoJcPrsXoiZrJd4QpAYEm4ZrWwTJZx+niw==",
    "passlib pbkdf2_sha256": "$pbkdf2-sha256$1000$aq01JqTUek/JeU8JAaB0Dg$j9tVeyD4SV7R3EZAgmIb4h48NqZ0Ug6Fgn0CkvUkb2E",
    "passlib pbkdf2_sha512": "$pbkdf2-sha512$1000$SImRUmqtdQ7BmPP.f..9lw$8tW7/PxKJBdhN.N5gSoZuus/DJIz5o1Y0inzlJY5mB3vmpXfdn3QMYTOQhtXVAmd7iNgIkdk28fwpGP8d8ZRXA",
    "passlib pbkdf2_sha1": "$pbkdf2$1000$AOBcC4GwtjYGoLQWwlhrzQ$zZlW2j1h3ZBmepErDPHvXwkPTLc",
    "passlib bcrypt_sha256": "$bcrypt-sha256$v=2,t=2b,r=4$B8x9PDQWW6qxkexwkR.fEO$XAoo497wLjfXUsmmMi9qG1f3.mEIpHy",
    "passlib bcrypt_sha256, version 1": "$bcrypt-sha256$2b,4$LbrZQSw4HPpDN8RbEykMbu$Qv5VWYJQg5.NqaS25.ZtgPBOZE29yIG",
    "passlib scrypt": "$scrypt$ln=4,r=8,p=1$FEKI0brX+r/XGoMQYkyJsQ$2h6fyt3zOTiTwOlds2eQVYiL6rsza5pgh/Zh/0X7DD8",
    "passlib argon2": "$argon2id$v=19$m=64,t=1,p=1$6R3j3Hvvfa+V8v5fKwUAIA$4ivvjQmBhZgQCjSm3D6rBwlPgjJBn66moExB7sZJ90U",
    "Werkzeug pbkdf2": "pbkdf2:sha256:1000$SGzrYpIkzIGPIKtX$c7015b7d9592572af3d4c01e04bd8a2d03d5d350ed760aed34334fe8b774d300",
    "Werkzeug scrypt": "scrypt:1024:8:1$KHRriFgCRV1qEKke$8dc8c6f74a23a40a5344e50f5ad50b550c0b0f2c45adaf658145a8de1e695e862dd4ed4b69e043d4cd0e161c398ef5fe1ec60b649eca146308ad733088f827b3",
}

#: Made by Flask-Security 5 with SALT, and by its predecessor, which did not normalise.
OF_FLASK_SECURITY = {
    "Flask-Security bcrypt": "$2b$04$nhIF9KZ4D8peq15wIUsVT.t4Ub4XduE3fW5.X0WSgonSnCdUgBdqW",
    "pbkdf2_sha512": "$pbkdf2-sha512$1000$BQAgBGAsJUQohZCS0rp3Tg$gDhbKqdx8aB1j2xCR7EpFdAdzOolnjYgyR8wvpxy9HoyMg7WzTm8fKOHuwYQmMVcyYloCBTXi24ZsZF6mLzRwQ",
    "pbkdf2_sha512, not normalised": "$pbkdf2-sha512$1000$zlnLOSdkDAEAIOTc25tzzg$iMOyqXdrv8CkO1rcvqRVUCeL3K3lQRYLy6QqvXHUEf1IRmhr2kwIZWaYQgV3L9yjkRzGGCcB2oaqsAMysSkjrw",
}

ALL = MADE | {name: foreign_hashes.with_salt_of_flask_security(made, SALT) for name, made in OF_FLASK_SECURITY.items()}
of_others = pytest.mark.parametrize("stored", ALL.values(), ids=ALL)


@of_others
def test_a_hash_of_another_system_serves_one_sign_in_and_is_replaced(stored: str) -> None:
    passwords = Passwords(HASHER, waiting=WAITING)
    proved, replacement = passwords.verify_and_update(PASSWORD, stored)
    assert proved
    assert replacement is not None and replacement.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert passwords.verify_and_update(PASSWORD, replacement) == (True, None)


@of_others
def test_a_wrong_password_proves_nothing(stored: str) -> None:
    passwords = Passwords(HASHER, waiting=WAITING)
    for wrong in ("passwort 1", "", "x" * 1024, "a\0b", "\ud800"):
        assert passwords.verify_and_update(wrong, stored) == (False, None)


def test_the_salt_of_another_site_proves_nothing() -> None:
    stored = foreign_hashes.with_salt_of_flask_security(OF_FLASK_SECURITY["pbkdf2_sha512"], "another")
    assert not Passwords(HASHER).verify(PASSWORD, stored)


@pytest.mark.parametrize(
    "stored",
    [
        "pbkdf2_sha256$99999999$salt$3x9khCOA+OYHxrLgQFhfrwm0DFFNS9sxAyvMV5/C+es=",
        "pbkdf2_sha256$2000001$salt$3x9khCOA+OYHxrLgQFhfrwm0DFFNS9sxAyvMV5/C+es=",
        "pbkdf2_sha256$0$salt$3x9khCOA+OYHxrLgQFhfrwm0DFFNS9sxAyvMV5/C+es=",
        "pbkdf2_sha256$1000$salt$eA==",  # one byte: many passwords have it
        "bcrypt$$2b$31$XO5ZvmSYuYJOmOOA2ap6LOr4OPKr5wLM1K/UaFFGDPPuyEIqiTAti",
        "scrypt$99999999$seasalt$8$1$PK0aTSCk+U4QsdeyGITTqdxDYVjXgKu//d9uH0RUhBHgluYnqXa6XoJcPrsXoiZrJd4QpAYEm4ZrWwTJZx+niw==",
        "$scrypt$ln=99,r=8,p=1$FEKI0brX+r/XGoMQYkyJsQ$2h6fyt3zOTiTwOlds2eQVYiL6rsza5pgh/Zh/0X7DD8",
        "argon2$argon2id$v=19$m=99999999,t=1,p=1$bHZsSmlmUFlTWXBPV2wzbWVydWxWUg$7YhYKSrL6WtgL263hQvJOYu5Wmt9zsgBtQsUdrU/cec",
        "argon2$argon2id$v=19$m=262144,t=16,p=1$bHZsSmlmUFlTWXBPV2wzbWVydWxWUg$7YhYKSrL6WtgL263hQvJOYu5Wmt9zsgBtQsUdrU/cec",
    ],
)
def test_a_hash_that_nobody_could_bear_to_compute_is_not_computed(stored: str) -> None:
    found = foreign_hashes.find(stored)
    assert found is not None and not found.is_bearable
    assert not found.is_dear, "so the time of a decoy is added"
    assert not found.verify(PASSWORD)


@pytest.mark.parametrize(
    "stored",
    [
        "pbkdf2_sha256$1200000$salt$3x9khCOA+OYHxrLgQFhfrwm0DFFNS9sxAyvMV5/C+es=",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$bHZsSmlmUFlTWXBPV2wzbWVydWxWUg$7YhYKSrL6WtgL263hQvJOYu5Wmt9zsgBtQsUdrU/cec",
        "$argon2id$v=19$m=65536,t=3,p=4$6R3j3Hvvfa+V8v5fKwUAIA$4ivvjQmBhZgQCjSm3D6rBwlPgjJBn66moExB7sZJ90U",
        "scrypt:32768:8:1$KHRriFgCRV1qEKke$" + "8d" * 64,
        "pbkdf2:sha256:1000000$SGzrYpIkzIGPIKtX$" + "c7" * 32,
        "$2b$12$XO5ZvmSYuYJOmOOA2ap6LOr4OPKr5wLM1K/UaFFGDPPuyEIqiTAti",
    ],
)
def test_a_hash_with_the_default_cost_of_its_system_is_borne(stored: str) -> None:
    found = foreign_hashes.find(stored)
    assert found is not None and found.is_bearable and found.is_dear


@pytest.mark.parametrize(
    "stored",
    [
        "", "!unusable", "md5$salt$0123", "pbkdf2_sha256$1000$salt$a", "pbkdf2_md5$1$salt$eHh4eA==",
        "$flask-security$eA==$plain", "$flask-security$eA==$flask-security$eA==$x", "pbkdf2_sha256$1000$salt$" + "A" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_hash_that_we_know_is_told_apart(stored: str) -> None:
    assert foreign_hashes.find(stored) is None


@given(st.text() | st.from_regex(r"(pbkdf2_sha256|scrypt|\$scrypt|bcrypt|\$pbkdf2)\$.*"))
def test_looking_at_a_hash_computes_and_raises_nothing(stored: str) -> None:
    foreign_hashes.find(stored)


def test_over_the_rest_api_come_the_documented_formats_only() -> None:
    for stored in (MADE["Django pbkdf2_sha256"], MADE["Werkzeug scrypt"], MADE["passlib scrypt"]):
        with pytest.raises(Error, match="invalid format"):
            check_format(stored)
    check_format(MADE["passlib argon2"])
