"""How live the Live page is, in headless Chromium with its fake microphone.

Run: python benchmarks/live_page.py [--seconds 60]
"""

import argparse
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from cla.telemetry import device_name

ROOT = Path(__file__).parents[1]
FIRST_PICTURE = """() => {
  for (const element of document.querySelectorAll("*")) {
    const root = element.shadowRoot?.querySelector(".cla-live");
    if (root && Number(root.dataset.frames) > 1) return true;
  }
  return false;
}"""


LONG_LANES = "continual_nystrom/fixed:16@4096,continual_nystrom/continual:16@4096"
BETWEEN_PICTURES = """([root, ms]) => new Promise((done) => {
  const between = [], end = performance.now() + ms;
  let drawn = root.dataset.frames, last = performance.now();
  const look = (now) => {
    if (root.dataset.frames !== drawn) {
      between.push(now - last);
      [drawn, last] = [root.dataset.frames, now];
    }
    if (now < end) requestAnimationFrame(look);
    else done(between);
  };
  requestAnimationFrame(look);
})"""
"""Milliseconds between the pictures that the page draws, as its browser shows them."""


def start_app() -> tuple[subprocess.Popen[bytes], str]:
    """Start the app and wait until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    url = f"http://localhost:{port}"
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return process, url


def number(page: Page, name: str) -> int:
    """A counter that the page keeps."""
    return int(page.get_by_test_id("cla-live").get_attribute(f"data-{name}") or -1)


def first_picture_s(page: Page, url: str) -> float:
    """Seconds from opening the page to its first moving picture."""
    start = time.perf_counter()
    page.goto(url)
    page.wait_for_function(FIRST_PICTURE)
    return time.perf_counter() - start


def pictures_per_s(page: Page, seconds: float) -> float:
    """Pictures drawn a second."""
    start, before = time.perf_counter(), number(page, "frames")
    page.wait_for_timeout(seconds * 1000)
    return (number(page, "frames") - before) / (time.perf_counter() - start)


def long_windows(page: Page, url: str, seconds: float) -> list[tuple[str, str]]:
    """Rows of the table: two low-rank lanes over 4,096 tokens, at display rate, while they run."""
    page.goto(f"{url}/?lanes={LONG_LANES}")
    page.get_by_test_id("cla-live").wait_for()
    page.wait_for_function(FIRST_PICTURE)
    fill = page.get_by_test_id("fill")
    start = time.perf_counter()
    fill.click()
    page.wait_for_function("button => !button.disabled", arg=fill.element_handle())
    filled_s = time.perf_counter() - start
    page.get_by_test_id("microphone").click()
    page.wait_for_timeout(3000)
    root = page.get_by_test_id("cla-live").element_handle()
    between: list[float] = page.evaluate(BETWEEN_PICTURES, [root, seconds * 1000])
    worst = statistics.quantiles(between, n=100)[98]
    return [
        ("windows of 4,096 tokens filled, s", f"{filled_s:.1f}"),
        ("pictures a second with them", f"{1000 / statistics.fmean(between):.1f}"),
        ("ms between pictures, median (p99)", f"{statistics.median(between):.0f} ({worst:.0f})"),
    ]


def slider_ms(page: Page) -> float:
    """Milliseconds from moving the slider to the first changed number of operations."""
    times = []
    for value in ("0", "5", "1", "4", "0", "5"):
        before = page.get_by_test_id("ops-continual_nystrom").text_content()
        start = time.perf_counter()
        page.get_by_test_id("landmarks").fill(value)
        while page.get_by_test_id("ops-continual_nystrom").text_content() == before:
            page.wait_for_timeout(5)
        times.append((time.perf_counter() - start) * 1000)
        page.wait_for_timeout(600)
    return statistics.median(times)


def delivered(page: Page, seconds: float) -> tuple[float, int]:
    """Share of real time at which microphone sound became tokens, and the gaps."""
    page.get_by_test_id("microphone").click()
    page.wait_for_timeout(3000)
    start, before = time.perf_counter(), number(page, "token")
    page.wait_for_timeout(seconds * 1000)
    share = (number(page, "token") - before) * 0.08 / (time.perf_counter() - start)
    return share, int(page.get_by_test_id("notice").is_visible())


def camera_rate(page: Page, seconds: float) -> tuple[float, int]:
    """Pictures of the fake camera worked on a second, and how many were left out."""
    page.get_by_test_id("task-hands").click()
    page.get_by_test_id("camera").click()
    page.wait_for_timeout(3000)
    shown = page.get_by_test_id("source")
    before, rates = _left_out(shown.text_content()), []
    for _ in range(int(seconds)):
        page.wait_for_timeout(1000)
        rates.append(int(re.findall(r"(\d+) pictures a second", shown.text_content() or "")[0]))
    return statistics.mean(rates), _left_out(shown.text_content()) - before


def _left_out(text: str | None) -> int:
    return int(re.findall(r"(\d+) left out", text or "")[0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    process, url = start_app()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=[
                    "--no-sandbox",
                    "--use-fake-ui-for-media-stream",
                    "--use-fake-device-for-media-stream",
                ],
            )
            page = browser.new_page()
            page.set_default_timeout(120_000)
            table = Table("measure", "value")
            opened = [first_picture_s(page, url) for _ in range(4)]
            # On a first start they are compiled meanwhile; the rest is measured by them.
            page.locator("[data-path=kernels]").wait_for(timeout=600_000)
            table.add_row(
                "first moving picture, s (median of 3)", f"{statistics.median(opened[1:]):.2f}"
            )
            table.add_row("pictures a second", f"{pictures_per_s(page, 5):.1f}")
            table.add_row("slider to visible change, ms", f"{slider_ms(page):.0f}")
            for row in long_windows(page, url, 15):
                table.add_row(*row)
            page.goto(url)
            page.wait_for_function(FIRST_PICTURE)
            share, gaps = delivered(page, seconds)
            table.add_row(f"microphone sound delivered over {seconds:.0f} s", f"{share:.2%}")
            table.add_row("gaps reported", str(gaps))
            rate, left_out = camera_rate(page, seconds)
            table.add_row("camera pictures worked on a second", f"{rate:.1f}")
            table.add_row(f"camera pictures left out in {seconds:.0f} s", str(left_out))
            console = Console(width=100)
            console.print(f"headless Chromium {browser.version}, {device_name()}")
            console.print(table)
            browser.close()
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
