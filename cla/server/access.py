"""Who may connect: pages of this server by the key of their visit, programs by a token."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from cla.errors import ClaError
from cla.server.origin import is_local_program, same_origin

TOKENS_VARIABLE = "CLA_TOKENS"
"""The environment's tokens, separated by commas."""
ORIGINS_VARIABLE = "CLA_ORIGINS"
"""The environment's other origins, separated by commas."""
BEARER = "bearer "


@dataclass(frozen=True)
class Access:
    """Who may connect beside this server's own pages.

    Args:
        tokens: each of which lets a program in.
        origins: of pages of other servers, as `https://lab.example`.
        local: programs on this very machine need no token.
        anybody: nobody needs one.
    """

    tokens: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    local: bool = False
    anybody: bool = False

    def check_origin(self, asked: HTTPConnection, *, page: bool) -> None:
        """Browsers always say the origin of their page; programs have none.

        Args:
            page: it can only be one of this server's own pages.

        Raises:
            ClaError: it is a page of another server.
        """
        origin = asked.headers.get("origin", "")
        known = bool(origin) and (same_origin(asked) or origin in self.origins)
        if not known and (page or "origin" in asked.headers):
            raise ClaError("origin_foreign", origin=origin or "-")

    def check_token(self, asked: HTTPConnection) -> None:
        """A token is in the query, or in the header `Authorization: Bearer`.

        Raises:
            ClaError: a token is wanted, and none of the right ones is given.
        """
        if self.anybody or (self.local and is_local_program(asked)):
            return
        header = asked.headers.get("authorization", "")
        given = header[len(BEARER) :] if header.lower().startswith(BEARER) else ""
        given = (given or asked.query_params.get("token", "")).strip()
        # Each is compared, in a time that tells nothing.
        if not sum(secrets.compare_digest(given.encode(), one.encode()) for one in self.tokens):
            raise ClaError("token_refused")


def access_of(environment: Mapping[str, str]) -> Access:
    """What the environment says of tokens and origins."""
    return Access(_listed(environment, TOKENS_VARIABLE), _listed(environment, ORIGINS_VARIABLE))


def _listed(environment: Mapping[str, str], variable: str) -> tuple[str, ...]:
    parts = (part.strip() for part in environment.get(variable, "").split(","))
    return tuple(part for part in parts if part)
