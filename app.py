"""Starts the app: `streamlit run app.py`."""

import streamlit as st

from cla.view import middleware, routes

app = st.App("pages/navigation.py", routes=routes(), middleware=middleware())
