"""Settings in the address: a link shows what its sender saw, in any language.

Streamlit's own binding writes what an option is *called*, which a translation changes; this one
writes the option.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

Option = TypeVar("Option", str, int)


def choice(
    widget: Callable[..., Any],
    label: str,
    options: Sequence[Option],
    *,
    default: Option,
    key: str,
    **look: Any,
) -> Option:
    """One of the options, chosen with a select, a slider over them, or segments.

    Args:
        widget: `st.selectbox`, `st.select_slider` or `st.segmented_control`.
        key: its name in the address, which leaves out what is at its default.
        look: what else the widget takes.
    """
    if key not in st.session_state:
        named = {str(option): option for option in options}
        st.session_state[key] = named.get(st.query_params.get(key, ""), default)
    if st.session_state[key] not in options:  # kept from when more was offered
        st.session_state[key] = options[-1]
    value: Option = widget(label, options, key=key, persist_state="session", **look)
    if value != default:
        st.query_params[key] = str(value)
    elif key in st.query_params:
        del st.query_params[key]
    return value
