"""Takes the screenshots of all pages: light, dark, and as narrow as a phone.

Run, beside `streamlit run app.py`: python docs/screenshots/make_screenshots.py [ADDRESS]
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).parent
CLIPS = FOLDER.parents[1] / "assets" / "clips"
PAGES = {
    "live": "",
    "hands": "?clip=hand-signs",
    "views": "?lanes=full,continual_nystrom/continual:8&maps=1&difference=1&telemetry=1",
    "clips": "clips",
    "compare": "compare",
    "cost": "cost",
    "learn": "learn",
    "sessions": "sessions",
    "preflight": "preflight",
}
FIRST_TOKEN = """() => [...document.querySelectorAll("*")].some(
  ({ shadowRoot }) => shadowRoot?.querySelector(".cla-live[data-token]"))"""
LOOKS = {"light": (1280, 1000), "dark": (1280, 1000), "narrow": (390, 844)}
LIVE = ("live", "hands", "views")
PLAY_MS = 8_000
"""Time for the live page to take in some words or signs."""
TAUGHT = {"Drawing": "hand-signs.webm", "Photograph": "hand-photographs.webm"}
SCROLLED_TO = {"views": "factors-full"}
"""What stands at the top of a picture, where that is not the head of the page."""


RECORD_MS = 6_000
PATIENCE_MS = 120_000


def record(browser: Browser, address: str) -> None:
    """Record a session, for the page that shows some."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{address}/?more=1")
    page.locator("[data-token]").wait_for(state="attached")
    page.get_by_test_id("record").click()
    page.wait_for_timeout(RECORD_MS)
    page.get_by_test_id("record").click()
    page.get_by_test_id("notice").wait_for()
    page.close()


def take_taught(browser: Browser, address: str) -> None:
    """The Teach page with two classes, and what it learned of them, in each look."""
    page = browser.new_page()
    page.goto(f"{address}/teach?teach=pictures")
    page.get_by_role("heading", level=2).wait_for()
    settle(page)
    for place, (name, clip) in enumerate(TAUGHT.items(), 1):
        page.get_by_label(f"Name of class {place}").fill(name)
        page.keyboard.press("Enter")
        settle(page)
        page.get_by_role("radio", name=name).click()
        settle(page)
        files = page.locator("[data-testid=stFileUploaderDropzoneInput]").first
        files.set_input_files(CLIPS / clip)
        settle(page)
    page.get_by_role("button", name="Train", exact=True).click()
    page.locator(".js-plotly-plot").wait_for(timeout=300_000)
    for look, (width, height) in LOOKS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if look == "dark" else "light")
        for name, heading in (("teach", "Teach your own"), ("taught", "What was learned")):
            page.get_by_role("heading", name=heading).evaluate("one => one.scrollIntoView()")
            page.wait_for_timeout(2_000)
            page.screenshot(path=FOLDER / f"{name}-{look}.png")
    page.close()


def settle(page: Page) -> None:
    """Wait until the page's script has run."""
    page.wait_for_timeout(1_000)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(
        timeout=120_000
    )


def take(browser: Browser, address: str, name: str, look: str) -> None:
    """One page in one look, once its script has run."""
    width, height = LOOKS[look]
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if look == "dark" else "light",
    )
    page.set_default_timeout(PATIENCE_MS)
    # The first visit is over: its hint is gone.
    page.add_init_script("localStorage.setItem('cla-hint', 'seen')")
    page.goto(f"{address}/{PAGES[name]}")
    page.get_by_role("heading", level=2).wait_for()
    settle(page)
    if name in LIVE:
        page.wait_for_function(FIRST_TOKEN)
    page.wait_for_timeout(PLAY_MS if name in LIVE else 2_000)
    if name in SCROLLED_TO:
        top = page.get_by_test_id(SCROLLED_TO[name])
        # Below the navigation, which stays where it is.
        top.evaluate(
            "element => { element.style.scrollMarginTop = '5rem'; element.scrollIntoView(); }"
        )
        page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / f"{name}-{look}.png")
    page.close()


def main() -> None:
    """Take them all."""
    address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        record(browser, address)
        take_taught(browser, address)
        for name in PAGES:
            for look in LOOKS:
                take(browser, address, name, look)
        browser.close()


if __name__ == "__main__":
    main()
