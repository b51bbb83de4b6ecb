"""Mails: their templates and words, the tokens in them, and the SMTP server of a tenant."""
