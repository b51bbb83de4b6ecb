"""Second factors as Python objects."""

from __future__ import annotations

import datetime as dt

import pyotp
import pytest

from stormpath_wsgi.client import Account, Challenge, Factor, Phone
from stormpath_wsgi.errors import Error

NUMBER = "+12015550123"


@pytest.fixture
def factor(account: Account) -> Factor:
    return account.factors.create({"type": Factor.TYPE_SMS, "phone": {"number": NUMBER}}, challenge=False)


def test_a_phone_is_one_of_an_account(account: Account) -> None:
    phone = account.phones.create({"number": "(201) 555-0123", "name": "Home"})
    assert isinstance(phone, Phone)
    assert (phone.number, phone.account, phone.is_verified()) == (NUMBER, account, False)
    phone.number, phone.verification_status = "+12015550199", Phone.STATUS_VERIFIED
    with pytest.raises(Error, match=r"Verified phone numbers cannot be modified\."):
        phone.save()


def test_a_factor_comes_with_its_phone_and_first_challenge(account: Account) -> None:
    body = {"type": "SMS", "phone": {"number": NUMBER}, "challenge": {"message": "${code}"}}
    factor = account.factors.create(body, challenge=True)
    assert factor.is_sms()
    assert factor.is_enabled()
    assert not factor.is_verified()
    assert factor.phone in account.phones
    assert factor.most_recent_challenge
    assert factor.most_recent_challenge.message == "${code}"
    assert list(factor.challenges) == [factor.most_recent_challenge]


def test_a_factor_is_made_for_a_phone_that_is_there(account: Account) -> None:
    phone = account.phones.create({"number": NUMBER})
    factor = account.factors.create({"type": "SMS", "phone": phone})
    assert (factor.phone, factor.most_recent_challenge) == (phone, None)


def test_a_factor_is_challenged(factor: Factor) -> None:
    challenge = factor.challenge_factor(message="New ${code}")
    assert isinstance(challenge, Challenge)
    assert challenge.is_created()
    assert (challenge.factor, factor.most_recent_challenge) == (factor, challenge)
    challenge.refresh()
    assert challenge.status != "CREATED"


def test_a_factor_with_a_first_message_that_is_wrong_is_not_made(account: Account) -> None:
    with pytest.raises(Error) as caught:
        account.factors.create({"type": "SMS", "phone": {"number": NUMBER}, "challenge": {"message": "!"}})
    assert caught.value.message == "The challenge message must include '${code}'."
    assert list(account.factors) == []


def test_an_answer_in_no_form_is_an_error(factor: Factor) -> None:
    with pytest.raises(Error) as caught:
        factor.challenge_factor().submit("no code")
    assert caught.value.code == 13104


def test_an_authenticator_app_proves_itself(account: Account) -> None:
    factor = account.factors.create({"type": Factor.TYPE_GOOGLE, "issuer": "Shop"})
    assert (factor.account_name, factor.issuer) == ("ada", "Shop")
    assert factor.secret not in repr(factor)
    assert pyotp.parse_uri(factor.key_uri).secret == factor.secret
    assert factor.base64_q_r_image
    with pytest.raises(ValueError, match="code"):
        factor.challenge_factor()
    now = dt.datetime.now(dt.UTC)
    assert factor.challenge_factor(code=pyotp.TOTP(factor.secret).at(now)).is_successful()
    assert factor.is_verified()


def test_a_factor_can_be_changed_and_removed(account: Account, factor: Factor) -> None:
    factor.status = Factor.STATUS_DISABLED
    factor.save()
    with pytest.raises(Error) as caught:
        factor.challenge_factor()
    assert caught.value.code == 13109
    factor.delete()
    assert list(account.factors) == []
    assert [phone.number for phone in account.phones] == [NUMBER]
