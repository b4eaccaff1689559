"""The Preflight page: whether browser, connection and server can do it, and what mends it."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from cla.server.lan import lan_of, qr_png
from cla.telemetry import device_name
from cla.view.frame import page_head
from cla.view.live_app import live_server
from cla.view.live_page import live_texts
from cla.view.surface import surface

PACKAGES = ("cla-attention", "streamlit", "torch", "onnxruntime", "av", "numba")


def preflight_page() -> None:
    """Draw the page."""
    say = page_head("preflight")
    if "preflight_key" not in st.session_state:
        st.session_state["preflight_key"] = live_server().invite().key
    surface(
        "cla-preflight",
        "preflight.js",
        key=f"preflight-{say.language}",
        data={
            "key": st.session_state["preflight_key"],
            "language": say.language,
            "texts": {**live_texts(say), **say.section("preflight")},
        },
    )
    if lan := lan_of(os.environ):
        st.markdown(f"### {say('preflight.phone')}")
        for words, url in (("lan.first", lan.install_url), ("lan.then", lan.url)):
            st.markdown(f"{say(words)} <{url}>")
            st.image(qr_png(url))
    st.markdown(f"### {say('preflight.server')}")
    st.markdown("\n".join(f"- {name}: {value}" for name, value in versions().items()))


def versions() -> dict[str, str]:
    """What runs on the server."""
    found = {"python": platform.python_version(), "device": device_name()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a checkout that was never installed
            found[package] = "-"
    return found
