"""Who looks at the pages: their secret, and where what they record is kept."""

from dataclasses import dataclass

import streamlit as st

from cla.view.live_app import live_server
from cla.view.live_server import LiveServer
from cla.view.origin import is_local_client
from cla.view.shelf import Shelf


@dataclass(frozen=True)
class Visitor:
    """One visitor of the app, from their first page to their last."""

    server: LiveServer
    key: str

    @property
    def local(self) -> bool:
        """Whether they sit at this very machine."""
        # Streamlit gives no address for this machine's own.
        address = st.context.ip_address or "127.0.0.1"
        return self.server.admits_local and is_local_client(st.context.headers, address)

    @property
    def shelf(self) -> Shelf | None:
        """Their recordings; None where this server keeps none."""
        return self.server.shelf(self.key, local=self.local)

    def leave(self) -> None:
        """Their last page is gone, and what they recorded goes with it."""
        self.server.release(self.key)


@st.cache_resource(scope="session", on_release=Visitor.leave)
def visitor() -> Visitor:
    """The visitor of this session."""
    server = live_server()
    return Visitor(server, server.issue_key())
