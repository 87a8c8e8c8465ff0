"""What can go wrong while setting up.

SetupError           shown as one message; the set-up stops
└── Unavailable      one way of getting something is closed; the next one is tried
"""


class SetupError(Exception):
    """The set-up cannot go on; the message says what the user can do."""


class Unavailable(SetupError):
    """One source cannot serve; the message is the reason, as a clause."""
