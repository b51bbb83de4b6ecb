"""Leaving and coming back: a directory as a file of JSON Lines, and accounts out of the files and tables of others."""
