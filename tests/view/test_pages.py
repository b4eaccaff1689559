"""Every page runs, and every control of it moves."""

import re
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cla.benchmark import Timing
from cla.capture import sample_clips
from cla.texts import Texts
from cla.view.costs import WINDOWS
from cla.view.live_app import live_server
from cla.view.step_times import timings

NAVIGATION = Path(__file__).parents[2] / "pages" / "navigation.py"


@pytest.fixture
def open_page():
    """Opens the app on one of its pages."""

    timings.clear()

    def open_page(name, **query):
        app = AppTest.from_file(str(NAVIGATION), default_timeout=120)
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        if name != "live":
            app.switch_page(f"{name}.py").run()
        return healthy(app)

    return open_page


def healthy(app):
    assert not app.exception
    return app


def move(app, key, value):
    """Set one control of a page to a value, whatever its kind."""
    for kind in ("select_slider", "selectbox", "segmented_control", "slider"):
        for widget in getattr(app, kind):
            if widget.key == key:
                widget.set_value(value)
                return healthy(app.run())
    raise AssertionError(f"there is no control {key}")


def test_the_live_page_runs(open_page):
    app = open_page("live")
    assert "continual low-rank attention" in app.expander[0].markdown[0].value
    assert app.expander[0].label == "More on what is shown"


def test_a_page_speaks_the_language_of_its_address(open_page):
    assert "Was ein Schritt kostet" in open_page("cost", lang="de").markdown[0].value


def test_the_preflight_page_shows_phones_the_way(open_page, monkeypatch):
    live_server()  # it would serve the plain page itself
    assert not open_page("preflight").get("image")
    monkeypatch.setenv("CLA_LAN", "192.168.1.5 8501")
    app = open_page("preflight")
    said = [element.value for element in app.markdown]
    assert any("<http://192.168.1.5:8502/>" in words for words in said)
    assert any("<https://192.168.1.5:8501/>" in words for words in said)
    assert len(app.get("image")) == 2


@pytest.mark.parametrize("n", ["9" * 5_000, "999999999", "-1", "1e9", "nan"])
def test_a_number_in_the_address_is_on_its_slider_or_left_out(open_page, n):
    slider = next(one for one in open_page("learn", n=n).slider if one.key == "n")
    assert slider.min <= slider.value <= slider.max


def test_the_cost_page_locates_the_three_orders_of_magnitude(open_page):
    app = open_page("cost", quantity="published")
    assert [metric.value for metric in app.metric] == [
        "348,480",
        "2,904",
        "208",
        Texts("en")("cost.factor", times="1,675"),
    ]
    table = app.table[0].value
    assert list(table.iloc[:, 3]) == list(table.iloc[:, 4])  # products, and the counter of torch


@pytest.mark.parametrize(
    ("key", "value"),
    [("window", 65_536), ("landmarks", 64), ("head_dim", 4), ("heads", 16), ("layers", 3)],
)
def test_each_size_changes_the_cost(open_page, key, value):
    app = open_page("cost", quantity="published")
    before = app.metric[3].value, list(app.table[0].value.iloc[:, 2])
    move(app, key, value)
    assert (app.metric[3].value, list(app.table[0].value.iloc[:, 2])) != before
    for choice in (("over", "layers"), ("quantity", "counted"), ("lang", "de")):
        move(app, *choice)


def test_the_cost_page_measures_on_its_button(open_page):
    app = open_page("cost", quantity="counted", window="16", over="layers")
    healthy(app.button(key="measure").click().run())
    assert app.segmented_control(key="quantity").value == "measured"
    assert app.query_params.get("quantity") is None
    assert "thread" in app.caption[0].value
    times = list(app.table[0].value.iloc[:, 5])
    assert all(int(time.split(" ")[0].replace(",", "")) > 0 for time in times)
    assert move(app, "window", 32).info, "sizes of one's own are measured when asked"


def test_the_cost_page_opens_on_what_it_measures_then(open_page, monkeypatch):
    asked = []

    def measure_stacks(stacks):
        asked.append(stacks[0][0].window)
        return [Timing(*[1e-5 * (at + 1)] * 4, 1, (), ()) for at in range(len(stacks))]

    monkeypatch.setattr("cla.view.step_times.measure_stacks", measure_stacks)
    app = open_page("cost")
    assert asked == list(WINDOWS)
    assert [metric.value for metric in app.metric][:3] == ["10 µs", "20 µs", "50 µs"]
    open_page("cost")
    assert len(asked) == len(WINDOWS), "once, for all visitors"


def test_the_clips_page_analyzes_each_sample_with_each_lane(open_page):
    app = open_page("clips", clip="telephone")
    assert app.selectbox(key="clip").value == "telephone"
    for key, value in (("lane", "nystrom"), ("m", 2), ("lane", "following"), ("clip", "italian")):
        move(app, key, value)
        assert len(app.metric) == 4


def test_a_clip_is_uploaded_and_a_bad_one_explained(open_page):
    app = open_page("clips")
    sample = sample_clips()[1].path.read_bytes()
    app.file_uploader(key="upload-digits").upload("mine.flac", sample)
    healthy(app.run())
    assert app.metric[0].value.startswith("12.")
    app.file_uploader(key="upload-digits").upload("bad.wav", b"this is no sound")
    healthy(app.run())
    assert "not a sound file" in app.error[0].value
    assert not app.metric


def test_what_is_recorded_is_a_clip_beside_the_samples(open_page, monkeypatch):
    content = sample_clips()[2].path.read_bytes()
    choice = sys.modules["cla.view.clip_choice"]
    monkeypatch.setattr(choice, "recorded", lambda *_: content)
    assert "### Your recording" in [text.value for text in open_page("clips").markdown]
    heads = [text.value for text in open_page("compare").markdown]
    assert any(head.startswith("###") and "Your recording" in head for head in heads)


def test_the_clips_page_looks_into_hand_signs(open_page):
    app = open_page("clips", task="hands", clip="hand-photographs")
    assert app.selectbox(key="clip").value == "hand-photographs"
    assert app.metric[0].value.startswith("7.")
    move(app, "task", "digits")
    assert app.selectbox(key="clip").value == "count"


def test_the_compare_page_names_the_tokens_that_differ(open_page):
    app = open_page("compare", clips="telephone", m="4")
    assert app.pills(key="clips").value == ["telephone"]
    listed = app.selectbox(key="at").options
    assert "full says" in listed[0]
    before = app.markdown[-1].value
    app.selectbox(key="at").select_index(len(listed) - 1)
    healthy(app.run())
    assert app.markdown[-1].value != before
    for key, value in (("measure", "error"), ("measure", "found"), ("lane", "nystrom"), ("m", 64)):
        move(app, key, value)
    table = app.table[0].value
    assert len(table) == 1 + 3 * 6
    assert table.iloc[0, 1] == "100.0"
    assert app.pills(key="clips").set_value([]).run().info


def test_clips_without_known_words_have_no_digits_to_find(open_page):
    app = open_page("compare", clips="italian")
    assert app.segmented_control(key="measure").options == ["same label", "error"]


def test_every_slider_of_the_learn_page_moves_its_figure(open_page):
    app = open_page("learn")
    for key, value in (("now", 20), ("n", 10), ("marks", 64), ("head", 8), ("std", 2), ("now", 1)):
        before = [text.value for text in app.markdown]
        move(app, key, value)
        if key in ("now", "marks", "head", "std"):
            assert [text.value for text in app.markdown] != before


def test_the_learn_page_says_from_which_window_on_low_rank_is_worth_it(open_page):
    (said,) = (text.value for text in open_page("learn").markdown if "by the clock" in text.value)
    numbers = [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", said)]
    counts, after, before = numbers[1:4]
    assert 16 < counts < before
    assert after < before <= 4_096
