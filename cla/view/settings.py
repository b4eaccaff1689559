"""Settings in the address: a link shows what its sender saw, in any language.

Streamlit's own binding writes what an option is *called*, which a translation changes; this one
writes the option.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

Option = TypeVar("Option", str, int)

MAX_DIGITS = 9


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
        st.session_state[key] = default if default in options else options[-1]
    value: Option = widget(label, options, key=key, persist_state="session", **look)
    _write(key, str(value), str(default))
    return value


def choices(label: str, options: Sequence[str], *, key: str, **look: Any) -> list[str]:
    """Some of the options, all of them at first; in the address by commas."""
    if key not in st.session_state:
        named = st.query_params.get(key, ",".join(options)).split(",")
        st.session_state[key] = [option for option in options if option in named]
    if not set(st.session_state[key]) <= set(options):  # kept from when others were offered
        st.session_state[key] = list(options)
    values: list[str] = st.pills(
        label, options, selection_mode="multi", key=key, persist_state="session", **look
    )
    _write(key, ",".join(option for option in options if option in values), ",".join(options))
    return values


def number(label: str, low: int, high: int, *, default: int, key: str, **look: Any) -> int:
    """A whole number on a slider."""
    if key not in st.session_state:
        wished = st.query_params.get(key, "")
        short = wished.isdecimal() and len(wished) <= MAX_DIGITS
        st.session_state[key] = int(wished) if short else default
    # Written only where it must change: what is written here overtakes the visitor's next move.
    if not low <= st.session_state[key] <= high:
        st.session_state[key] = min(max(st.session_state[key], low), high)
    value: int = st.slider(label, low, high, key=key, persist_state="session", **look)
    _write(key, str(value), str(default))
    return value


def _write(key: str, value: str, default: str) -> None:
    if value != default:
        st.query_params[key] = value
    elif key in st.query_params:
        del st.query_params[key]
