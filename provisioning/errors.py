# ruff: noqa: N818 - named for what they say to people
"""Everything that a service of the portal may answer instead of doing what was asked. Pages and API turn each into a status.

PortalError
├── Refused      a rule says no                                    422
├── NotAllowed   the person has no right to this                   403
├── NotFound     there is no such thing, or not for this person    404
└── WrongState   it is no longer, or not yet, in the right state   409; `expected` and `actual` are digests where two differ

What is wrong with one field of a form is an InputErrors of `provisioning.blueprint`.
"""


class PortalError(Exception):
    """`sentence` is for people: what, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Refused(PortalError):
    """A rule says no."""


class NotAllowed(PortalError):
    """The person has no right to this."""


class NotFound(PortalError):
    """There is no such thing, or not for this person."""


class WrongState(PortalError):
    """Somebody or something was faster, or the plan is another one by now."""

    def __init__(self, sentence: str, *, expected: str | None = None, actual: str | None = None) -> None:
        super().__init__(sentence)
        self.expected = expected
        self.actual = actual
