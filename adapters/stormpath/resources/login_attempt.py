"""What a login answers."""

from stormpath_wsgi.client import LoginAttempt, LoginAttempts

AuthenticationResult = LoginAttempt
LoginAttemptList = LoginAttempts

__all__ = ["AuthenticationResult", "LoginAttemptList"]
