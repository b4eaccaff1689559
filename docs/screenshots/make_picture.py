"""Makes the moving picture of the README: the Live page, token by token through the first clip.

Run, beside `streamlit run app.py`: python docs/screenshots/make_picture.py [ADDRESS]
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

PICTURE = Path(__file__).with_name("live.webp")
WIDTH, HEIGHT = 1000, 900
MARGIN = 5
TOKEN_MS, TOKENS_A_FRAME, LAST_TOKEN = 80, 2, 140
DRAWN_MS = 100
"""After so long a token has been drawn."""
LAST_MS = 3_000
"""How long the last frame stands."""
PATIENCE_MS = 120_000


def part_shown(page: Page) -> tuple[int, int, int, int]:
    """Where the comparison stands, and the lanes down to the words that they have heard."""
    top = page.get_by_test_id("summary").evaluate("one => one.getBoundingClientRect().top")
    bottom = page.locator(".transcript").last.evaluate("one => one.getBoundingClientRect().bottom")
    return 0, round(top), WIDTH, round(bottom) + MARGIN


def frames(page: Page) -> list[Image.Image]:
    """The page at every few tokens of the clip."""
    surface = page.locator("[data-token]")
    surface.wait_for(state="attached")
    page.keyboard.press("Space")
    page.wait_for_timeout(1_000)
    found = []
    for token in range(int(surface.get_attribute("data-token") or 0) + 1, LAST_TOKEN + 1):
        page.keyboard.press("s")
        page.locator(f"[data-token='{token}']").wait_for(state="attached")
        if token % TOKENS_A_FRAME == 0:
            page.wait_for_timeout(DRAWN_MS)
            found.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    box = part_shown(page)  # at the end: by then all that lanes say stands there
    return [frame.crop(box) for frame in found]


def main() -> None:
    """Take the frames and join them."""
    address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(PATIENCE_MS)
        # The first visit is over: its hint is gone.
        page.add_init_script("localStorage.setItem('cla-hint', 'seen')")
        page.goto(f"{address}/?clip=count")
        first, *others = frames(page)
        browser.close()
    durations = [TOKEN_MS * TOKENS_A_FRAME] * len(others) + [LAST_MS]
    first.save(
        PICTURE, save_all=True, append_images=others, duration=durations, loop=0,
        lossless=True, method=4,  # smaller than with loss: most of it is plain
    )  # fmt: skip


if __name__ == "__main__":
    main()
