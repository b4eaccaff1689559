"""Makes the first ten seconds of a first visit as strips of pictures, one for each size and look.

Run, beside `streamlit run app.py`: python docs/screenshots/make_strip.py [ADDRESS]
"""

import io
import shutil
import sys
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parent
SIZES = {"wide": (1400, 900), "laptop": (1280, 720), "phone": (390, 844)}
AT_S = (1.0, 2.5, 5.0, 10.0)
"""After the page stands: before that it shows what its server and the browser load."""
HEIGHT = 300
GAP = 6
PATIENCE_MS = 120_000


def strip(browser: Browser, address: str, size: tuple[int, int], look: str) -> Image.Image:
    """The pictures of one visit, side by side."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if look == "dark" else "light")
    page.goto(address)
    page.get_by_role("heading", level=2).wait_for(timeout=PATIENCE_MS)
    begin = time.monotonic()
    taken = []
    for at_s in AT_S:
        page.wait_for_timeout(max(1.0, 1000 * (begin + at_s - time.monotonic())))
        taken.append(Image.open(io.BytesIO(page.screenshot())))
    page.close()
    scaled = (width * HEIGHT // height, HEIGHT)
    small = [each.resize(scaled, Image.Resampling.LANCZOS) for each in taken]
    whole = Image.new("RGB", (sum(each.width + GAP for each in small) - GAP, HEIGHT), "#888")
    left = 0
    for each in small:
        whole.paste(each, (left, 0))
        left += each.width + GAP
    return whole


def main() -> None:
    """Make them all."""
    address = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, size in SIZES.items():
            for look in ("light", "dark"):
                picture = strip(browser, address, size, look)
                picture.save(FOLDER / f"strip-{name}-{look}.webp", quality=60, method=6)
        browser.close()


if __name__ == "__main__":
    main()
