"""The one error type for faults a user can cause."""


class ClaError(Exception):
    """A fault the user can put right.

    Args:
        message: what happened, naming the bad value.
        remedy: what to do about it, in one sentence.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"
