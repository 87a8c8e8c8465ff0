"""Exit status of the command: a contract for scripts."""

from enum import IntEnum


class Exit(IntEnum):
    """What happened, for `$?`; the numbers are those of the pipeline's steps where both apply."""

    OK = 0
    """Done."""
    PROBLEM = 1
    """A problem was found, or it could not be done: the message says which."""
    BAD_INPUT = 2
    """The command line or a file is wrong: the message says what to change."""
    NOT_THERE = 3
    """No such thing, or nothing there yet."""
    REFUSED = 4
    """The gate refused the release; production is unchanged."""
    USER_CODE = 5
    """Your own function raised."""
    DRIFTED = 6
    """Drift was found, as much as `--fail-on` says."""


EPILOG = """\
\b
Exit status:
  0  done
  1  a problem was found (wrong spec, failed run, drift, endpoint down)
  2  the command line or a file is wrong
  3  no such thing, or nothing there yet
  4  the gate refused the release
  5  your own function raised
  6  drift was found (`trimaran drift`)
"""
"""What `trimaran --help` ends with."""
