# ruff: noqa: N818 - named for what they tell users
"""The errors of services. Pages and the API turn each into an HTTP status.

PortalError ├── Refused      a rule forbids it                                 422 ├── NotAllowed
the user lacks the permission                     403 ├── NotFound     it does not exist, or not for
this user           404 └── WrongState   its state does not allow it, or has changed       409;
`expected` and `actual`: digests that differ

Errors in the inputs of a blueprint are the InputErrors of `provisioning.blueprint`.
"""

from collections.abc import Mapping, Sequence


class PortalError(Exception):
    """`sentence` is for users: what is wrong, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Refused(PortalError):
    """A rule forbids it."""


class NotAllowed(PortalError):
    """The user lacks the permission."""


class NotFound(PortalError):
    """It does not exist, or not for this user."""


class WrongState(PortalError):
    """The state does not allow it, or state or plan have changed in the meantime."""

    def __init__(self, sentence: str, *, expected: str | None = None, actual: str | None = None) -> None:
        super().__init__(sentence)
        self.expected = expected
        self.actual = actual


class InvalidFields(Refused):
    """Single fields are wrong. `fields` has the sentences by the field's name, "" for those about none."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self.fields = {name: tuple(sentences) for name, sentences in fields.items()}
        super().__init__(" ".join(sentence for sentences in self.fields.values() for sentence in sentences))
