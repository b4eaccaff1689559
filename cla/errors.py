"""The one error type for faults a user can cause."""

from cla.printable import printable


class ClaError(Exception):
    """A fault the user can put right; its sentences are safe to print, whatever they quote.

    Args:
        message: what happened, naming the bad value.
        remedy: what to do about it, in one sentence.
    """

    def __init__(self, message: str, remedy: str) -> None:
        self.message = printable(message)
        self.remedy = printable(remedy)
        super().__init__(self.message, self.remedy)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"
