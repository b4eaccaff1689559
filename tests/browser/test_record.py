"""A session from the Record button to the zip file and back."""

import live_surface
import pytest
from test_live_camera import start_camera
from test_walks import serious_findings, settle

from cla.cli import main
from cla.engine import RecordingLimits, unpack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


BRIGHTEST = """canvas => canvas.getContext("2d")
  .getImageData(0, 0, canvas.width, canvas.height).data
  .reduce((most, value, i) => i % 4 < 3 ? Math.max(most, value) : most, 0)"""


def record(page, seconds):
    """Record what plays, by key, and wait for the sentence that says so."""
    button = page.get_by_test_id("record")
    live_surface.wait_for(page, lambda: live_surface.token(page) > 5)
    page.get_by_role("heading", level=2).click()
    page.keyboard.press("r")
    button.get_by_text("Stop recording").wait_for()
    live_surface.wait_for(page, lambda: live_surface.token(page) > seconds / 0.08)
    page.get_by_test_id("landmarks").fill("1")
    page.wait_for_timeout(500)
    button.click()
    page.get_by_test_id("notice").get_by_text("recorded").wait_for()
    assert button.text_content() == "Record"


@pytest.fixture
def open_patiently(open_page):
    """A page that is given time: it runs whole sessions again."""

    def open_patiently(**options):
        page = open_page(microphone=False, query="/?more=1", **options)
        page.set_default_timeout(90_000)
        return page

    return open_patiently


def test_a_session_is_recorded_replayed_downloaded_uploaded_and_deleted(open_patiently, tmp_path):
    page = open_patiently()
    record(page, 2.0)
    page.get_by_role("button", name="Open recording").click()
    page.get_by_text("equal, bit for bit").wait_for()
    player = page.get_by_test_id("cla-clip")
    player.locator("canvas").first.wait_for()
    settle(page)
    assert not serious_findings(page)
    at = int(player.get_attribute("data-token"))
    page.get_by_test_id("clip-back").click()
    live_surface.wait_for(page, lambda: int(player.get_attribute("data-token")) == at - 1)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download (zip)").click()
    path = tmp_path / "session.zip"
    downloading.value.save_as(path)
    with path.open("rb") as file:
        unpack(file, tmp_path / "one", RecordingLimits())
    assert main(["replay", str(tmp_path / "one"), "--compare"]) == 0
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    page.get_by_text("Nothing is recorded yet.").wait_for()
    page.locator('input[type="file"]').set_input_files(str(path))
    page.get_by_text("equal, bit for bit").wait_for()


def test_pictures_are_recorded_and_shown_at_the_cursor(open_patiently):
    page = open_patiently(camera=True)
    page.get_by_test_id("task-hands").click()
    start_camera(page)
    record(page, 2.0)
    page.get_by_test_id("camera").click()
    page.get_by_role("link", name="Sessions").click()
    page.get_by_text("equal, bit for bit").wait_for()
    picture = page.get_by_test_id("clip-picture").locator("canvas")
    live_surface.wait_for(page, lambda: picture.evaluate(BRIGHTEST) > 100)
