"""Rows of any kind, by its declaration: found, listed, searched, counted, expanded and changed."""
