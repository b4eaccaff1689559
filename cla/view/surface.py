"""Surfaces that draw themselves: components whose scripts lie on the app's own routes."""

from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from cla.resources import package_path
from cla.view.live_app import ROUTE

BOOTSTRAP = """
export default function ({ data, parentElement, setTriggerValue }) {
  let stop = () => {};
  let gone = false;
  // The app's routes lie beside the pages, wherever a proxy puts them. This code runs from a blob.
  import(new URL("SCRIPT", document.baseURI).href).then(({ mount }) => {
    if (!gone) stop = mount(parentElement, data, setTriggerValue);
  });
  return () => { gone = true; stop(); };
}
"""


def surface(
    name: str,
    script: str,
    *,
    key: str,
    data: Any,
    styles: Sequence[str] = ("style.css",),
    width: Literal["stretch", "content"] = "stretch",
) -> Any:
    """Mount a script of `cla/view/static`; it is given `data`, and draws in the page's own style.

    Args:
        name: of the component, and of its element for tests.
        key: another key is another element.
        styles: files of `cla/view/static`, the later ones on top.

    Returns:
        a result whose `made` is what the script has just made, else None.
    """
    component = st.components.v2.component(
        name,
        html=f'<div class="cla-live" data-testid="{name}"></div>',
        css="\n".join(package_path(f"view/static/{file}").read_text("utf-8") for file in styles),
        js=BOOTSTRAP.replace("SCRIPT", f"{ROUTE}/static/{script}"),
    )
    return component(key=key, data=data, width=width, on_made_change=lambda: None)
