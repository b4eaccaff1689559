"""Starts the app: `streamlit run app.py`."""

import streamlit as st

from cla.view import routes

app = st.App("pages/navigation.py", routes=routes())
