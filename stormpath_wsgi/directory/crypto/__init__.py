"""Passwords, keys and codes: hashed, encrypted, signed and checked."""
