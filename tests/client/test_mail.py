"""Templates, policies and tokens that are mailed, as objects."""

from __future__ import annotations

import pytest

from stormpath_wsgi import Error
from stormpath_wsgi.client import Account, Application, Client, Directory

NEW = "Another-Horse-2"


def test_a_forgotten_password_is_replaced(application: Application, directory: Directory, account: Account) -> None:
    assert application.send_password_reset_email(account.email) == account
    asked = application.password_reset_tokens.create({"email": account.email, "account_store": directory})
    token = asked.href.rpartition("/")[2]
    assert asked.account == account
    assert application.verify_password_reset_token(token) == account
    application.reset_account_password(token, NEW)
    assert application.authenticate_account("ada", NEW).account == account
    for spent in (lambda: application.verify_password_reset_token(token), lambda: use(application, token)):
        with pytest.raises(Error) as caught:
            spent()
        assert caught.value.status == 404
    with pytest.raises(Error) as unknown:
        application.send_password_reset_email("nobody@example.org", account_store=directory)
    assert unknown.value.code == 2016


def use(application: Application, token: str) -> None:
    application.reset_account_password(token, "Third-Horse-3")


@pytest.mark.parametrize("token", ["x", "", "../../accounts", "a b"])
def test_a_token_that_could_not_be_one_is_none(application: Application, token: str) -> None:
    with pytest.raises(Error) as caught:
        application.reset_account_password(token, NEW)
    assert caught.value.status in (404, 405)


def test_an_address_is_verified(client: Client, application: Application, directory: Directory) -> None:
    with pytest.raises(Error) as off:
        ada = directory.accounts.create({"email": "ada@example.org", "password": NEW})
        application.verification_emails.resend(ada, directory)
    assert off.value.code == 6101
    policy = directory.account_creation_policy
    policy.verification_email_status = "ENABLED"
    policy.email_domain_blacklist = ["*.com"]
    policy.save()
    bob = application.accounts.create({"email": "bob@example.org", "password": NEW})
    assert bob.is_unverified()
    assert bob.email_verification_token is not None
    application.verification_emails.resend(bob, directory)
    token = bob.email_verification_token.href.rpartition("/")[2]
    for _ in range(2):
        assert client.accounts.account_of_email_token(token) == bob
    assert client.accounts.verify_email_token(token) == bob
    bob.refresh()
    assert bob.is_enabled()
    with pytest.raises(Error) as spent:
        application.accounts.verify_email_token(token)
    assert spent.value.status == 404
    for account, store in ((bob, None), (None, directory)):
        with pytest.raises(ValueError, match="needs an account"):
            application.verification_emails.resend(account, store)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not listed"):
        list(application.verification_emails)


def test_templates_are_reached_through_their_policies(directory: Directory) -> None:
    (reset,) = directory.password_policy.reset_email_templates
    assert reset.subject == "Reset your Password"
    reset.default_model["link_base_url"] = "https://example.com/reset"
    reset.mime_type = "text/html"
    reset.save()
    reset.refresh()
    assert reset.default_model == {"link_base_url": "https://example.com/reset"}
    (success,) = directory.password_policy.reset_success_email_templates
    assert "default_model" not in success
    creation = directory.account_creation_policy
    mails = (
        creation.verification_email_templates,
        creation.verification_success_email_templates,
        creation.welcome_email_templates,
    )
    assert [len(templates) for templates in mails] == [1, 1, 1]


def test_names_are_required_by_the_schema(directory: Directory, account: Account) -> None:
    schema = directory.account_schema
    assert schema.directory == directory
    (surname,) = schema.fields.search({"name": "surname"})
    surname.required = True
    surname.save()
    assert surname.schema == schema
    account.surname = None
    with pytest.raises(Error) as caught:
        account.save()
    assert caught.value.code == 2000
