"""What an app of before imports is there."""

from __future__ import annotations

from importlib import import_module

import pytest

NAMES = {
    "flask_stormpath": "StormpathManager User user groups_required login_required login_user logout_user current_user "
    "StormpathError LoginManager Client LocalProxy check_settings init_settings user_context_processor Blueprint "
    "current_app flask_version login logout register forgot forgot_change google_login facebook_login __version__ "
    "__version_info__ __author__ __license__ __copyright__",
    "flask_stormpath.models": "User user_created user_updated user_deleted stormpath_signals Account Provider",
    "flask_stormpath.errors": "ConfigurationError",
    "flask_stormpath.settings": "init_settings check_settings",
    "flask_stormpath.decorators": "groups_required",
    "flask_stormpath.context_processors": "user_context_processor",
    "flask_stormpath.forms": "RegistrationForm LoginForm ForgotPasswordForm ChangePasswordForm",
    "flask_stormpath.views": "login logout register forgot forgot_change google_login facebook_login",
}


@pytest.mark.parametrize("module", NAMES)
def test_a_module_has_the_names_that_it_had(module: str) -> None:
    found = import_module(module)
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []


def test_the_version_is_a_list_of_texts() -> None:
    found = import_module("flask_stormpath")
    assert ".".join(found.__version_info__) == found.__version__
