"""What a server says to a client with which it does not speak."""

from typing import Any


class Refused(Exception):
    """The server refuses this client: a token, a version, too much at once, all places taken.

    Attributes:
        key: which fault it is, for programs; `Refused` where the server did not say.
        message, remedy: for people, in the language that the client asked for.
    """

    def __init__(self, fault: dict[str, Any]) -> None:
        self.key = str(fault.get("key", "refused"))
        self.message = str(fault.get("message", "The server ended the connection."))
        self.remedy = str(fault.get("remedy", ""))
        super().__init__(f"{self.message} {self.remedy}".strip())
