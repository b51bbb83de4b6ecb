"""What every template sees."""

from __future__ import annotations

from flask_login import current_user


def user_context_processor() -> dict[str, object]:
    """``user``: whoever is signed in, or Flask-Login's anonymous user."""
    return {"user": current_user}
