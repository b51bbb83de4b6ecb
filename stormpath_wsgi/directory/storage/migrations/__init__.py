"""The history of the tables, one file in ``versions`` for each step. :mod:`..migrate` walks it."""
