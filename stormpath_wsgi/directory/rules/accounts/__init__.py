"""Accounts: how they are made, changed and verified, and how people prove who they are."""
