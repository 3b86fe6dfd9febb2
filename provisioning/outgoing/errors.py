"""The errors of outgoing connections."""


class OutgoingError(Exception):
    """The request was not answered. `sentence` says why; it holds no part of the path or the query,
    which may contain a secret. `may_have_arrived`: the request was being sent when the connection
    ended.
    """

    def __init__(self, sentence: str, *, may_have_arrived: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.may_have_arrived = may_have_arrived


class ForbiddenDestinationError(OutgoingError):
    """The portal does not connect there: the rules for outgoing connections forbid it."""
