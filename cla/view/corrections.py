"""What a visitor corrected on the Live page: listed, taken back, and learned from."""

import streamlit as st

from cla.errors import ClaError
from cla.models import TaskModel
from cla.teaching import corrected
from cla.texts import Texts
from cla.types import Correction
from cla.view.frame import complain, plain
from cla.view.live_app import live_server
from cla.view.own_task import OWN
from cla.view.taught_results import run_or_keep
from cla.view.teach_draft import teachers
from cla.view.visitor import visitor

LEARNED = "learned_from_corrections"


def show_corrections(say: Texts) -> None:
    """Draw them, where there are any of a task that runs."""
    visit = visitor().visit
    tasks = dict(live_server().host.offer.ready)
    if visit.own:
        tasks[OWN] = visit.own.task
    newest = visit.corrections[-1:]
    task = tasks.get(newest[0].task) if newest else None
    if task is None:
        return
    mine = [one for one in visit.corrections if one.task == task.name]
    st.markdown(f"### {say('teach.corrections')}")
    st.markdown(say("teach.corrections_lead"))
    for one in mine:
        _row(say, task, one)
    if st.button(say("teach.learn"), type="primary", key="learn"):
        bar = st.progress(0.0, say("teach.training"))
        try:
            with teachers():
                learned = corrected(task, mine, lambda share: bar.progress(share))
            st.session_state[LEARNED] = ([_name(one) for one in mine], learned)
        except ClaError as error:
            complain(say, error)
        bar.empty()
    of, learned = st.session_state.get(LEARNED, ([], None))
    if learned is not None and of == [_name(one) for one in mine]:
        st.success(say("teach.learned", count=len(mine)))
        run_or_keep(say, learned, "corrected")
    st.divider()


def _name(one: Correction) -> str:
    return f"{one.stream}-{one.token}-{one.label}"


def _row(say: Texts, task: TaskModel, one: Correction) -> None:
    """A correction, and the button that takes it back."""

    def forget() -> None:
        visit = visitor().visit
        visit.corrections = tuple(each for each in visit.corrections if each is not one)

    label = task.labels[one.label].replace("_", " ") if one.label else say("page.no_class")
    time_s = say.number((one.token + 1) * task.hop_s, 1)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(say("teach.correction", label=plain(label), time=time_s), width="content")
        st.button(say("teach.forget"), key=f"forget-{_name(one)}", on_click=forget)
