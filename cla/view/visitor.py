"""The visitor of the pages: their visit and the folder of their recordings."""

from dataclasses import dataclass

import streamlit as st

from cla.server import Shelf, Visit
from cla.server.origin import is_local_client
from cla.view.live_app import live_server


@dataclass(frozen=True)
class Visitor:
    """One visitor of the app, from their first page to their last.

    Args:
        admits_local: whether anybody may count as sitting at this very machine.
    """

    visit: Visit
    admits_local: bool

    @property
    def local(self) -> bool:
        """Whether they sit at this very machine."""
        # Streamlit gives no address for this machine's own.
        address = st.context.ip_address or "127.0.0.1"
        return self.admits_local and is_local_client(st.context.headers, address)

    @property
    def shelf(self) -> Shelf | None:
        """Their recordings; None where this server keeps none."""
        return self.visit.shelf(local=self.local)

    def leave(self) -> None:
        """Their last page is gone, and what they recorded goes with it."""
        self.visit.leave()


@st.cache_resource(scope="session", on_release=Visitor.leave)
def visitor() -> Visitor:
    """The visitor of this session."""
    server = live_server()
    return Visitor(server.invite(), server.host.local)
