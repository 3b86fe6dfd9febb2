"""The errors of outgoing connections."""


class OutgoingError(Exception):
    """The request was not answered. `sentence` says why; it holds no part of the path or the query,
    which may contain a secret.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class ForbiddenDestinationError(OutgoingError):
    """The portal does not connect there: the rules for outgoing connections forbid it."""
