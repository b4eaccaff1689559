"""The Live page."""

import streamlit as st

from cla.resources import asset_path
from cla.view import live_page

# A file of our own: an icon by name would be fetched from the network.
st.set_page_config(page_title="CLA live", page_icon=str(asset_path("icon.png")), layout="wide")
live_page()
