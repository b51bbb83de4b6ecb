"""Passwords: hashing, verifying, old formats, strength."""

# ruff: noqa: RUF001 - letters of all scripts are what passwords are made of

from __future__ import annotations

import os
import queue
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pwdlib.hashers.argon2 import Argon2Hasher

from stormpath_wsgi.directory.crypto.passwords import AT_ONCE, LONGEST, Passwords, check_format, check_strength
from stormpath_wsgi.errors import Error, Overloaded
from stormpath_wsgi.kinds import Integer, PasswordStrength
from stormpath_wsgi.passwords.cost import LEAST_MEMORY, PRESETS, Cost


def cheap(*, passes: int = 1) -> Argon2Hasher:
    """Argon2id that takes microseconds."""
    return Argon2Hasher(time_cost=passes, memory_cost=8, parallelism=1)


#: Published examples of imported hashes.
IMPORTED = {
    "bcrypt": ("SomePassw0rd!", "$2a$08$VbNS17zvQNYtMyfRiYXxWuec2F2y3SuLB/e7hU8RWdcCxxluUB3m."),
    "bcrypt, cost 10": ("NotSecure", "$2a$10$sWvxHJIvkARbp.u2yBpuJeGzNvpxYQo7AYxAJwFRH0HptXSWyqvwy"),
    "bcrypt 2b": ("NotSecure", "$2b$10$sWvxHJIvkARbp.u2yBpuJeGzNvpxYQo7AYxAJwFRH0HptXSWyqvwy"),
    "bcrypt 2x": ("NotSecure", "$2x$10$sWvxHJIvkARbp.u2yBpuJeGzNvpxYQo7AYxAJwFRH0HptXSWyqvwy"),
    "bcrypt 2y": ("NotSecure", "$2y$10$sWvxHJIvkARbp.u2yBpuJeGzNvpxYQo7AYxAJwFRH0HptXSWyqvwy"),
    "MD5": ("123456", "$stormpath2$MD5$1$OWI3OTQwYjEwODEwOTdkNTcwZDY5NjQ2ZDNlNmZjNzM=$ULWTW74NXPyLYj3VfYHWrg=="),
    "MD5, second": (
        "password", "$stormpath2$MD5$1$NzEyN2ZhYzdkZTAyMjJlMGQyMWYxMWRmZmY2YjA1MWI=$K18Ak0YikAFrqgglhIaY5g==",
    ),
    "MD5, third": (
        "qwerty", "$stormpath2$MD5$1$OGYyMmM5YzVlMDEwODEwZTg3MzM4ZTA2YjljZjMxYmE=$EuFAr2NTM83PrizVAYuOvw==",
    ),
    "SHA-512": (
        "testing12",
        "$stormpath2$SHA-512$1$ZFhBRmpFSnEwVEx2ekhKS0JTMDJBNTNmcg==$"
        "Q+sGFg9e+pe9QsUdfnbJUMDtrQNf27ezTnnGllBVkQpMRc9bqH6WkyE3y0svD/7cBk8uJW9Wb3dolWwDtDLFjg==",
    ),
    # Computed with sha256sum: sha256(sha256(sha256(b"pass"))), no salt.
    "SHA-256, 3 rounds, no salt": ("pass", "$stormpath2$SHA-256$3$$7E0RaVmbW5e4q2YtJJ4QpqQCh3M/zWL5lexD1+kFvxQ="),
}  # fmt: skip
imported = pytest.mark.parametrize(("password", "stored"), IMPORTED.values(), ids=IMPORTED)


CHEAPEST = Cost(8, 1, 1)


class CountingHasher(Argon2Hasher):
    """Argon2 that counts how often it works with its own parameters, which is what all attempts have to cost."""

    def __init__(self, cost: Cost = CHEAPEST) -> None:
        super().__init__(time_cost=cost.passes, memory_cost=cost.memory, parallelism=cost.lanes)
        self.work = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.work += 1
        return super().hash(password, salt=salt)

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:
        self.work += not self.check_needs_rehash(hash)
        return super().verify(password, hash)


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def passwords(hasher: CountingHasher) -> Passwords:
    return Passwords(hasher)


def test_new_hashes_are_argon2id_with_the_recommended_parameters() -> None:
    """RFC 9106, section 4, second choice: 3 passes, 64 MiB, 4 lanes."""
    assert Passwords().hash("W00t123!").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_password_verifies_and_another_does_not(passwords: Passwords) -> None:
    stored = passwords.hash("W00t123!")
    assert passwords.verify_and_update("W00t123!", stored) == (True, None)
    assert passwords.verify_and_update("W00t123", stored) == (False, None)


def test_the_same_password_never_hashes_to_the_same_text(passwords: Passwords) -> None:
    assert passwords.hash("W00t123!") != passwords.hash("W00t123!")


@given(st.text(max_size=64))
def test_every_text_that_can_be_typed_can_be_a_password(text: str) -> None:
    passwords = Passwords(cheap())
    stored = passwords.hash(text)
    assert passwords.verify(text, stored)
    assert not passwords.verify(text + "x", stored)


def test_a_password_is_the_same_on_every_keyboard(passwords: Passwords) -> None:
    """RFC 8265, section 4.2: canonical composition, and every space is a blank."""
    stored = passwords.hash("Éte\u0301 2024")
    assert passwords.verify("E\u0301té\u00a02024", stored)
    assert passwords.verify("E\u0301té\u30002024", stored)


def test_compatibility_forms_and_case_stay_different(passwords: Passwords) -> None:
    stored = passwords.hash("x²A")
    assert not passwords.verify("x2A", stored)
    assert not passwords.verify("x²a", stored)


def test_a_hash_with_older_parameters_is_replaced(passwords: Passwords) -> None:
    older = Passwords(cheap(passes=2)).hash("W00t123!")
    proved, replacement = passwords.verify_and_update("W00t123!", older)
    assert proved
    assert replacement is not None
    assert passwords.verify_and_update("W00t123!", replacement) == (True, None)


@pytest.mark.parametrize("cost", [*PRESETS.values(), Cost(LEAST_MEMORY, 5, 1)], ids=str)
def test_whatever_a_hash_costs_an_unknown_account_costs_the_same(cost: Cost) -> None:
    """Counted, and not timed: each attempt computes one hash of the cost that is set."""
    hasher = CountingHasher(cost)
    passwords = Passwords(hasher)
    stored = passwords.hash("W00t123!")
    assert f"${cost}$" in stored
    for known in (stored, None, "no hash", stored.replace(f"t={cost.passes}", "t=x")):
        hasher.work = 0
        assert not passwords.verify("wrong", known)
        assert hasher.work == 1


def test_a_hash_of_the_default_cost_is_no_work_enough_where_more_is_set() -> None:
    """Or an account that has not signed in since would be told by its answers, which come sooner."""
    stored = Passwords().hash("W00t123!")
    for dearer, work in ((Cost(64 * 1024, 4, 4), 1), (PRESETS["owasp"], 0)):
        hasher = CountingHasher(dearer)
        assert not Passwords(hasher).verify("wrong", stored)
        assert hasher.work == work


@imported
def test_an_imported_hash_serves_one_login_and_is_replaced(passwords: Passwords, password: str, stored: str) -> None:
    check_format(stored)
    proved, replacement = passwords.verify_and_update(password, stored)
    assert proved
    assert replacement is not None
    assert replacement.startswith("$argon2id$")
    assert passwords.verify_and_update(password, replacement) == (True, None)


@imported
def test_a_wrong_password_leaves_an_imported_hash_alone(passwords: Passwords, password: str, stored: str) -> None:
    for wrong in (password + "!", password[:-1], password.swapcase(), "", "x" * LONGEST, "a\0b", "\ud800"):
        assert passwords.verify_and_update(wrong if wrong != password else "wrong", stored) == (False, None)


def test_bcrypt_never_read_beyond_72_bytes(passwords: Passwords) -> None:
    """What its libraries cut off in silence must not lock anybody out now."""
    stored = bcrypt.hashpw(b"a" * 72, bcrypt.gensalt(4)).decode()
    proved, replacement = passwords.verify_and_update("a" * 99, stored)
    assert proved
    assert replacement is not None
    assert not passwords.verify("a" * 98, replacement), "from now on every character counts"


@pytest.mark.parametrize(
    "stored",
    [
        "$stormpath1$c2FsdA==$aGFzaA==",
        "$stormpath2$CRC32$1$$aGFzaA==",
        "$stormpath2$MD5$1$x$aGFzaA==",
        "$2a$99$sWvxHJIvkARbp.u2yBpuJeGzNvpxYQo7AYxAJwFRH0HptXSWyqvwy",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdA",
        "plain",
        "",
    ],
)
def test_a_hash_that_cannot_be_checked_proves_nothing(passwords: Passwords, stored: str) -> None:
    assert passwords.verify_and_update("plain", stored) == (False, None)
    assert not passwords.verify("", stored)


def test_a_stranger_costs_as_much_as_a_wrong_password(passwords: Passwords, hasher: CountingHasher) -> None:
    """The first one too, for whom the decoy is made."""
    stored = passwords.hash("W00t123!")
    attempts: list[Callable[[], bool]] = [
        lambda: passwords.verify_decoy("guess"),
        lambda: passwords.verify_decoy("guess"),
        lambda: passwords.verify("guess", stored),
        lambda: passwords.verify("guess", None),
        lambda: passwords.verify("guess", "$stormpath1$c2FsdA==$aGFzaA=="),
        lambda: passwords.verify("123457", IMPORTED["MD5"][1]),
        lambda: passwords.verify("guess", "$argon2id$v=19$m=16,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"),
    ]
    costs = []
    for attempt in attempts:
        before = hasher.work
        assert attempt() is False
        costs.append(hasher.work - before)
    assert costs == [1] * 7


def test_a_stranger_costs_as_much_where_a_password_is_compared_in_two_forms(
    passwords: Passwords, hasher: CountingHasher
) -> None:
    stored = passwords.hash("W00t123!")
    passwords.verify_decoy("the decoy is made")
    costs = []
    for known in (stored, None):
        before = hasher.work
        assert not passwords.verify("e\u0301", known)
        costs.append(hasher.work - before)
    assert costs == [2, 2]


@pytest.mark.parametrize("hasher", [cheap(), cheap(passes=2)], ids=["our parameters", "others"])
def test_an_argon2_hash_of_another_system_was_made_of_the_unchanged_text(hasher: Argon2Hasher) -> None:
    passwords = Passwords(cheap())
    assert passwords.verify("e\u0301", hasher.hash("e\u0301".encode()))
    assert passwords.verify("e\u0301", hasher.hash("\u00e9".encode())), "an older one of ours was made of this"
    assert not passwords.verify("e", hasher.hash(b"x"))


def test_an_argon2_hash_that_nobody_could_bear_to_compute_costs_a_decoy(hasher: CountingHasher) -> None:
    passwords = Passwords(hasher)
    for cost in ("m=2000000,t=1", "m=262144,t=5"):
        before = hasher.work
        assert not passwords.verify("guess", f"$argon2id$v=19${cost},p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA")
        assert hasher.work == before + 1


def test_an_endless_password_is_never_hashed(passwords: Passwords, hasher: CountingHasher) -> None:
    stored = passwords.hash("x" * LONGEST)
    assert passwords.verify("x" * LONGEST, stored)
    passwords.verify_decoy("x")
    before = hasher.work
    assert not passwords.verify("x" * (LONGEST + 1), stored)
    assert not passwords.verify_decoy("x" * (LONGEST + 1))
    assert hasher.work == before
    with pytest.raises(ValueError, match="1024"):
        passwords.hash("x" * (LONGEST + 1))


def test_threads_share_it(hasher: CountingHasher) -> None:
    passwords = Passwords(hasher, waiting=16)
    stored = passwords.hash("W00t123!")
    proved: list[bool] = []
    threads = [threading.Thread(target=lambda: proved.append(passwords.verify("W00t123!", stored))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert proved == [True] * 16


@pytest.mark.parametrize(
    "stored",
    ["$stormpath1$c2FsdA==$aGFzaA==", "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"],
)
def test_further_formats_may_be_imported(stored: str) -> None:
    check_format(stored)


@pytest.mark.parametrize(
    "stored",
    ["", "$INVALID$", "W00t123!", "$2a$10$short", "$1$salt$hash", "$stormpath2$MD5$0$$aGFzaA==", "$2a$10$" + "é" * 53],
)
def test_what_is_no_hash_is_not_imported(stored: str) -> None:
    with pytest.raises(Error, match="The imported password is in an invalid format") as caught:
        check_format(stored)
    assert (caught.value.status, caught.value.code) == (400, 2006)


@pytest.mark.parametrize(
    "stored",
    [
        "$stormpath2$CRC32$1$$aGFzaA==",
        "$stormpath2$MD5$999999999$$aGFzaA==",
        "$2a$31$sWvxHJIvkARbp.u2yBpuJeGzNvpxYQo7AYxAJwFRH0HptXSWyqvwy",
        "$2a$03$sWvxHJIvkARbp.u2yBpuJeGzNvpxYQo7AYxAJwFRH0HptXSWyqvwy",
        "$argon2id$v=19$m=4194304,t=3,p=4$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2id$v=19$m=65536,t=999,p=4$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA",
    ],
)
def test_a_hash_nobody_could_bear_to_compute_is_not_imported(stored: str) -> None:
    with pytest.raises(Error, match="designates an algorithm that is an unsupported value") as caught:
        check_format(stored)
    assert (caught.value.status, caught.value.code) == (400, 2003)


@given(st.text())
def test_judging_a_format_answers_or_refuses(stored: str) -> None:
    try:
        check_format(stored)
    except Error as error:
        assert error.code in (2003, 2006)


def strength(**limits: int) -> Mapping[str, Any]:
    """The default strength, but for *limits*."""
    return {member.name: member.default for member in PasswordStrength.declared(Integer)} | limits


@pytest.mark.parametrize(
    ("password", "limits", "code", "text"),
    [
        ("", {}, 2007, "Account password minimum length not satisfied."),
        ("W00t123", {}, 2007, "Account password minimum length not satisfied."),
        ("Aa1" * 33 + "Aa", {}, 2008, "Account password exceeds the maximum length."),
        ("W00T123!", {}, 2007, "Password requires at least 1 lowercase character."),
        ("w00t123!", {}, 2007, "Password requires at least 1 uppercase character."),
        ("Wootwoot", {}, 2007, "Password requires at least 1 numeric character."),
        ("W00t1234", {"min_symbol": 1}, 2007, "Password requires at least 1 symbol character."),
        ("W00t123!", {"min_symbol": 2}, 2007, "Password requires at least 2 symbol characters."),
        ("W00t123!", {"min_diacritic": 1}, 2007, "Password requires at least 1 diacritic character."),
        ("W00t123×", {"min_diacritic": 1}, 2007, "Password requires at least 1 diacritic character."),
        ("Wéét123é", {"min_lower_case": 5}, 2007, "Password requires at least 5 lowercase characters."),
        ("пароль12345", {}, 2007, "Password requires at least 1 uppercase character."),
        ("ПАРОЛЬ12345", {}, 2007, "Password requires at least 1 lowercase character."),
        ("hilolwoothi", {}, 2007, "Password requires at least 1 numeric character."),  # as Flask-Stormpath's tests ask
        ("HILOLWOOTHI", {}, 2007, "Password requires at least 1 numeric character."),
        ("!!!!!!!!!!!", {}, 2007, "Password requires at least 1 numeric character."),
    ],
)
def test_a_weak_password_is_told_why(password: str, limits: dict[str, int], code: int, text: str) -> None:
    with pytest.raises(Error) as caught:
        check_strength(password, strength(**limits))
    assert (caught.value.status, caught.value.code, caught.value.user_message) == (400, code, text)


@pytest.mark.parametrize(
    ("password", "limits"),
    [
        ("W00t123!", {}),
        ("Пароль12345", {}),
        ("ΚωδικόςMου1", {}),
        ("Ωμέγα\u0661\u0662\u0663", {}),
        ("ǅabcdef1", {}),
        ("W00t123!" + "b" * 91 + "c", {}),
        ("", {"min_length": 0, "min_lower_case": 0, "min_upper_case": 0, "min_numeric": 0}),
        ("W00t 1 ", {"min_length": 7, "min_symbol": 2}),
        ("W00t×÷§¬", {"min_symbol": 4}),
        ("W00té\u0301E\u0301x", {"min_length": 7, "min_diacritic": 2}),
    ],
)
def test_a_password_that_satisfies_its_policy_passes(password: str, limits: dict[str, int]) -> None:
    check_strength(password, strength(**limits))


def test_an_imported_hash_that_is_dear_is_no_dearer_for_the_decoy(passwords: Passwords, hasher: CountingHasher) -> None:
    assert not passwords.verify("guess", IMPORTED["bcrypt, cost 10"][1])
    assert not passwords.verify("guess", "$stormpath2$MD5$100000$$ULWTW74NXPyLYj3VfYHWrg==")
    assert hasher.work == 0
    for stored in (IMPORTED["bcrypt"][1], "$2a$99$sWvxHJIvkARbp.u2yBpuJeGzNvpxYQo7AYxAJwFRH0HptXSWyqvwy"):
        before = hasher.work
        assert not passwords.verify("guess", stored)
        assert hasher.work == before + 1


def test_a_login_does_not_fail_because_its_new_hash_would_have_to_wait() -> None:
    """The password was right; what is stored of it can be renewed another time."""
    old = Passwords(cheap(passes=2)).hash("W00t123!")
    slow, crowd, asked = HeldHasher(), list[threading.Thread](), list[str | bytes]()

    class Popular(Argon2Hasher):
        """While somebody learns that his hash is dated, others come and take every turn."""

        def check_needs_rehash(self, hash: str | bytes) -> bool:
            if not asked:
                asked.append(hash)  # to know how it has to be verified
                return super().check_needs_rehash(hash)
            crowd.extend(threading.Thread(target=popular.hash, args=["another"]) for _ in range(AT_ONCE))
            for thread in crowd:
                thread.start()
                slow.working.acquire()
            return super().check_needs_rehash(hash)

        hash = slow.hash

    popular = Passwords(Popular(time_cost=1, memory_cost=8, parallelism=1), waiting=0)
    assert popular.verify_and_update("W00t123!", old) == (True, None)
    slow.released.set()
    for thread in crowd:
        thread.join()


class HeldHasher(CountingHasher):
    """Argon2 that takes until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.working, self.released = threading.Semaphore(0), threading.Event()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.working.release()
        self.released.wait()
        return super().hash(password, salt=salt)


@pytest.fixture
def held() -> Iterator[tuple[HeldHasher, Passwords]]:
    """All turns taken."""
    hasher = HeldHasher()
    passwords = Passwords(hasher, timeout=0)
    threads = [threading.Thread(target=passwords.hash, args=["W00t123!"]) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
        hasher.working.acquire()
    yield hasher, passwords
    hasher.released.set()
    for thread in threads:
        thread.join()


def test_of_a_crowd_few_hash_few_wait_and_the_rest_are_told_at_once() -> None:
    hasher, waiting, crowd = HeldHasher(), 3, AT_ONCE + 20
    passwords, outcomes = Passwords(hasher, waiting=waiting, timeout=600), queue.SimpleQueue[str]()

    def come() -> None:
        try:
            outcomes.put(passwords.hash("W00t123!"))
        except Overloaded as error:
            outcomes.put(f"{error.status}, {error.retry_after}")

    threads = [threading.Thread(target=come) for _ in range(crowd)]
    for thread in threads:
        thread.start()
    told = [outcomes.get(timeout=60) for _ in range(crowd - AT_ONCE - waiting)]
    assert set(told) == {"503, 2"}
    for _ in range(AT_ONCE):
        assert hasher.working.acquire(timeout=60)
    assert not hasher.working.acquire(blocking=False)
    assert hasher.work == 0
    with pytest.raises(Overloaded):
        passwords.expect_turn()
    hasher.released.set()
    for thread in threads:
        thread.join()
    assert all(outcomes.get().startswith("$argon2id$") for _ in range(AT_ONCE + waiting))
    passwords.expect_turn()  # places are given back


def test_who_waits_too_long_for_a_turn_is_told(held: tuple[HeldHasher, Passwords]) -> None:
    _, passwords = held
    with pytest.raises(Overloaded):
        passwords.verify_decoy("guess")


def test_a_hash_that_fails_gives_back_its_turn() -> None:
    class Broken(CountingHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            raise MemoryError

    passwords = Passwords(Broken(), waiting=0)
    for _ in range(AT_ONCE + 1):
        with pytest.raises(MemoryError):
            passwords.hash("W00t123!")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_hashes_are_computed_at_a_lower_priority_and_nothing_else_is() -> None:
    class Noting(CountingHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            seen.append(os.getpriority(os.PRIO_PROCESS, 0))
            return super().hash(password, salt=salt)

    seen: list[int] = []
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    passwords = Passwords(Noting())
    for _ in range(2):
        passwords.hash("W00t123!")
    assert seen == [min(ours + 5, 19)] * 2
    assert os.getpriority(os.PRIO_PROCESS, 0) == ours


def test_a_forked_child_does_not_wait_for_the_threads_of_its_parent(held: tuple[HeldHasher, Passwords]) -> None:
    hasher, passwords = held
    with warnings.catch_warnings():  # that threads run while we fork is the point
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        code = 1
        try:
            hasher.released = threading.Event()
            hasher.released.set()
            passwords.hash("W00t123!")
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
