"""Classes on the Teach page: recorded by microphone and camera, opened from a file, run live."""

import re

import live_surface
import pytest
from test_walks import serious_findings, settle
from tiny_tasks import tiny_video_task

from cla.models import write_task_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
GATHERED = re.compile(r"^[1-9][\d.]* s")


@pytest.fixture
def teach_page(open_page):
    """Opens the page for one kind of classes."""

    def teach_page(kind):
        page = open_page(camera=True, query=f"/teach?teach={kind}")
        page.set_default_timeout(90_000)
        page.get_by_text("Record or upload for").wait_for()
        return page

    return teach_page


def test_sound_is_recorded_for_a_class(teach_page):
    page = teach_page("sound")
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(2_500)
    page.get_by_role("button", name="Stop recording").click()
    page.get_by_test_id("stProgress").first.get_by_text(GATHERED).wait_for()


def test_the_camera_is_recorded_for_a_class(teach_page):
    page = teach_page("hands")
    page.get_by_test_id("recorder").click()
    page.get_by_test_id("recorded").get_by_text(re.compile(r"^2\.")).wait_for()
    page.get_by_test_id("recorder").click()
    page.get_by_test_id("stProgress").first.get_by_text(GATHERED).wait_for()


def test_a_file_of_classes_runs_live(teach_page, tmp_path):
    path = tmp_path / "mine.safetensors"
    write_task_file(tiny_video_task(), path)
    page = teach_page("pictures")
    page.get_by_text("Open a file of classes").click()
    page.locator("[data-testid=stFileUploaderDropzoneInput]").last.set_input_files(path)
    page.get_by_role("button", name="Run live").click()
    page.get_by_test_id("task-own").get_by_text("hands").wait_for()
    page.get_by_test_id("camera").click()
    live_surface.wait_for(page, lambda: live_surface.token(page) > 10)
    assert re.search(r"\?task=own-[\w-]{22}$", page.url)
    page.reload()
    page.get_by_test_id("task-own").get_by_text("hands").wait_for()
    page.get_by_test_id("camera").click()
    live_surface.wait_for(page, lambda: live_surface.token(page) > 10)
    assert page.get_by_test_id("task-own").get_attribute("aria-pressed") == "true"


def test_classes_that_have_gone_are_told_and_the_page_plays_something_else(open_page):
    page = open_page(query="/?task=own-AAAAAAAAAAAAAAAAAAAAAA")
    page.set_default_timeout(60_000)
    page.get_by_text("The classes of this address have gone").wait_for()
    live_surface.wait_for(page, lambda: live_surface.token(page) > 10, 60)


def test_what_was_wrong_is_corrected_by_a_click_and_learned(open_page):
    page = open_page(microphone=False)
    page.set_default_timeout(60_000)
    live_surface.wait_for(page, lambda: live_surface.token(page) > 40)
    page.keyboard.press("Space")
    live_surface.token_at_rest(page)
    strip = page.locator("section.lane canvas").first.bounding_box()
    page.mouse.click(strip["x"] + 0.9 * strip["width"], strip["y"] + 60)
    asked = page.get_by_test_id("correct")
    asked.get_by_role("button", name="five").click()
    page.get_by_test_id("notice").get_by_text("1 so far").wait_for()
    page.get_by_role("button", name="To the page Teach").click()
    page.get_by_role("button", name="Learn from them").click()
    page.get_by_text("Learned from 1:").wait_for()
    settle(page)
    assert not serious_findings(page)
    page.get_by_role("button", name="Run live").click()
    page.get_by_test_id("task-own").wait_for()
    assert page.get_by_test_id("task-own").get_attribute("aria-pressed") == "true"
