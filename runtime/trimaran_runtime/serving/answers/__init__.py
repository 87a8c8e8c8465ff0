"""Answers: one encoder a content type, each in a file of its own, listed in `registry`."""
