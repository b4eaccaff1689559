"""The Live page."""

import streamlit as st

from cla.view import live_page

st.set_page_config(page_title="CLA live", page_icon=":material/graphic_eq:", layout="wide")
live_page()
