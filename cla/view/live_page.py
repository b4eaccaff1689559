"""The Live page: one component that draws itself; the page never reruns while it is live."""

import streamlit as st

from cla.resources import package_path
from cla.view.live_app import ROUTE, live_server

BOOTSTRAP = """
export default function (component) {
  const { data, parentElement } = component;
  let stop = () => {};
  let gone = false;
  // This code runs from a blob, against which a path alone cannot be resolved.
  import(new URL(data.scripts + "main.js", location.href).href).then(({ mount }) => {
    if (!gone) stop = mount(parentElement, data);
  });
  return () => { gone = true; stop(); };
}
"""


def live_page() -> None:
    """Draw the page."""
    st.markdown("#### Continual low-rank attention, live")
    st.caption(
        "Two models hear the same sound and share the same weights. **Full attention** computes "
        "its whole window again at every token; **continual low-rank attention** updates a small "
        "summary. Speak digits, and compare what they say and what it costs."
    )
    if "live_key" not in st.session_state:
        st.session_state["live_key"] = live_server().issue_key()
    base = "/" + "/".join(part for part in (st.get_option("server.baseUrlPath"), ROUTE) if part)
    component = st.components.v2.component(
        "cla_live",
        html='<div class="cla-live" data-testid="cla-live"></div>',
        css=package_path("view/static/style.css").read_text("utf-8"),
        js=BOOTSTRAP,
    )
    component(
        key="live",
        data={
            "key": st.session_state["live_key"],
            "base": base,
            "scripts": f"{base}/static/",
            "clip": st.query_params.get("clip", ""),
        },
    )
    with st.expander("What am I seeing?"):
        st.markdown(EXPLANATION)


EXPLANATION = """
- **The strip** shows, for each token (80 ms of sound), how likely each digit is; the newest is on
  the right, and the window is 9.6 s wide. A mark above it says that a digit was recognized.
- **The bars** below show how much the newest token attends to each token of the window, on the
  same time axis. A low-rank product can be negative: it is shown as it is.
- **Operations** are multiply-adds of the attention product, counted from what the code does;
  the paper's closed form is in the tooltip. *Fewer* compares both lanes on the very same tokens.
- **Landmarks** are what low-rank attention keeps of the window: *fixed* ones were fitted to
  training data, *continual* ones are means of the stream's own segments. Both act at once.
- **Pale bars and "warming up"** mean that the window is not full yet.

Nothing you say leaves the server this page came from, and nothing is stored.
"""
