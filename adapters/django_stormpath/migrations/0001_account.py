"""The table of accounts.

Its name is not 0001_initial: a database of before may have that of stormpath-django, another package with our name.
"""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Makes it."""

    initial = True
    dependencies = (migrations.swappable_dependency(settings.AUTH_USER_MODEL),)
    operations = (
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("href", models.CharField(max_length=500, unique=True)),
                ("signed_in_at", models.DateTimeField(editable=False, null=True)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stormpath_account",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
    )
