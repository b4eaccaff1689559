"""Hand signs on the Live page: camera, samples, uploads, and what can go wrong with them."""

import pytest
from live_surface import LANES, heard, matches, surface, token, token_at_rest, wait_for
from videos import gradient, write_video

from cla.capture import sample_clips

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(180),
]

CLIP = next(clip for clip in sample_clips("hands") if clip.name == "hand-signs")
SIGNS = [word.label for word in CLIP.words]

# Mean difference between the camera's picture and the preview, as it is and as in a mirror.
DIFFERENCES = """(surface) => {
  const { camera } = surface.livePage.sources;
  const small = (source, mirrored) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 24 });
    const context = canvas.getContext("2d");
    if (mirrored) context.setTransform(-1, 0, 0, 1, 32, 0);
    context.drawImage(source, 0, 0, 32, 24);
    return context.getImageData(0, 0, 32, 24).data;
  };
  const preview = surface.querySelector(".preview canvas");
  const between = (a, b) => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
  return [false, true].map((mirrored) => between(small(camera.canvas, mirrored), small(preview)));
}"""


def hands_page(open_page, **options):
    page = open_page(microphone=False, query="/?more=1", **options)
    page.get_by_test_id("task-hands").click()
    return page


def start_camera(page):
    wait_for(page, lambda: token(page) > 0)
    page.get_by_test_id("camera").click()
    wait_for(page, lambda: "pictures a second" in source(page) and "left out" in source(page))


def source(page):
    return page.get_by_test_id("source").text_content() or ""


def test_the_camera_is_read_in_both_lanes(open_page):
    page = hands_page(open_page, camera=True)
    start_camera(page)
    wait_for(page, lambda: all(matches(heard(page, lane), SIGNS) >= 4 for lane in LANES), 60)
    assert page.get_by_test_id("notice").is_hidden()
    assert "signs.mjpeg" in source(page)


def test_the_preview_is_a_mirror_and_the_camera_is_remembered(open_page):
    page = hands_page(open_page, camera=True)
    start_camera(page)
    wait_for(page, lambda: surface(page).evaluate("(s) => s.livePage.preview.hands.length > 0"))
    straight, mirrored = surface(page).evaluate(DIFFERENCES)
    assert mirrored < straight
    assert page.evaluate("localStorage.getItem('cla-camera')")
    page.get_by_test_id("camera").click()
    assert page.get_by_test_id("camera").text_content() == "Camera"


def test_a_sample_is_shown_paused_stepped_and_asked_for_its_map(open_page):
    page = hands_page(open_page)
    page.get_by_test_id("clip").select_option(CLIP.name)
    wait_for(page, lambda: heard(page, "full")[:1] == SIGNS[:1])
    assert CLIP.title in source(page)
    page.get_by_test_id("landmarks").fill("1")
    page.get_by_test_id("pause").click()
    wait_for(page, lambda: page.get_by_test_id("pause").text_content() == "Resume")
    still = token_at_rest(page)
    page.get_by_test_id("step").click()
    wait_for(page, lambda: token(page) == still + 1)
    page.get_by_test_id("maps").check()
    page.get_by_test_id("map-delta").wait_for()
    page.get_by_test_id("fast").check()
    page.get_by_test_id("pause").click()
    wait_for(page, lambda: matches(heard(page, "full"), SIGNS) == len(SIGNS), 60)
    page.get_by_test_id("reset").click()
    wait_for(page, lambda: token(page) < still)


def test_an_uploaded_video_is_read_as_fast_as_possible(open_page, tmp_path):
    page = hands_page(open_page)
    wait_for(page, lambda: token(page) > 0)
    page.get_by_test_id("fast").check()
    page.get_by_test_id("upload").set_input_files(str(CLIP.path))
    wait_for(page, lambda: matches(heard(page, "full"), SIGNS) >= 4)
    sound = str(sample_clips()[0].path)
    page.get_by_test_id("upload").set_input_files(sound)
    page.get_by_test_id("notice").get_by_text("no moving pictures").wait_for()
    tiny = write_video(tmp_path / "tiny.avi", [gradient(1, 1)] * 3)
    page.get_by_test_id("upload").set_input_files(str(tiny))
    page.get_by_test_id("notice").get_by_text("1 by 1 pixels").wait_for()


def test_a_refused_camera_is_explained(open_page):
    page = hands_page(open_page)
    wait_for(page, lambda: token(page) > 0)
    page.get_by_test_id("camera").click()
    page.get_by_test_id("notice").get_by_text("refused the camera").wait_for()
    page.get_by_test_id("play").click()
    wait_for(page, lambda: 0 <= token(page) < 20)


def test_a_camera_unplugged_mid_stream_is_explained_and_what_it_gave_is_kept(open_page):
    page = hands_page(open_page, camera=True)
    start_camera(page)
    wait_for(page, lambda: token(page) > 10)
    unplug = (
        "(s) => s.livePage.sources.camera.stream.getTracks()[0].dispatchEvent(new Event('ended'))"
    )
    surface(page).evaluate(unplug)
    page.get_by_test_id("notice").get_by_text("unplugged").wait_for()
    assert token(page) > 10
    page.get_by_test_id("camera").click()
    wait_for(page, lambda: 0 <= token(page) < 10)


def test_a_way_that_is_not_free_drops_pictures_and_says_how_many(open_page):
    page = hands_page(open_page, camera=True)
    start_camera(page)
    surface(page).evaluate("(s) => { s.livePage.sources.camera.answer = () => null; }")
    before = surface(page).evaluate("(s) => s.livePage.sources.camera.dropped")
    # Without answers two pictures a second are still tried, and the others are counted.
    wait_for(
        page,
        lambda: surface(page).evaluate("(s) => s.livePage.sources.camera.dropped") > before + 20,
    )
    assert "· 0 left out" not in source(page)


def test_narrow_and_dark_pages_show_the_camera(open_page):
    page = hands_page(
        open_page, camera=True, color_scheme="dark", viewport={"width": 380, "height": 800}
    )
    start_camera(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
