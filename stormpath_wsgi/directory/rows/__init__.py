"""Rows of any kind, handled by the declaration of the kind: found, listed, searched, counted, expanded and changed."""
