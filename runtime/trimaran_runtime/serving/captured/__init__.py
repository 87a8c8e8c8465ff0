"""Captured requests as lines: one format a file, listed in `registry`."""
