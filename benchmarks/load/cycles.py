"""The Live page opened and closed in a real browser, half of the times killed in midstream.

What the server holds afterwards, in threads, files and memory, is what it held after the first ten.

Run: python benchmarks/load/cycles.py [--cycles 100]
"""

import argparse
import shutil
import time
import urllib.request
from contextlib import suppress

import psutil
from playwright.sync_api import Browser, Error, Page, sync_playwright
from rich.console import Console
from simulated import serving

from cla.server.limits import GRACE_S
from cla.telemetry import device_name

STREAMLIT_KEEPS_S = 120
"""So long it keeps the session of a page that has gone, with an event loop of three files."""

FIRST_TOKEN = """() => [...document.querySelectorAll("*")].some((element) =>
  Number(element.shadowRoot?.querySelector(".cla-live")?.dataset.token) > 0)"""


def visit(page: Page, url: str) -> None:
    """Open the page and wait for its first tokens."""
    page.goto(url)
    page.wait_for_function(FIRST_TOKEN, timeout=120_000)


def kill(browser: Browser) -> None:
    """End the browser's processes as the system does when it has no memory left."""
    ours = psutil.Process().children(recursive=True)
    newest = max((p for p in ours if _is_browser(p)), key=lambda process: process.create_time())
    for process in [*newest.children(recursive=True), newest]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    with suppress(Error):
        browser.close()


def _is_browser(process: psutil.Process) -> bool:
    """Whether it is a browser's first process, not one of those that it started."""
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        line = process.cmdline()
        return bool(line) and "chromium" in line[0] and not any("--type=" in part for part in line)
    return False


def open_sessions(url: str) -> int:
    """Sessions that the server holds."""
    with urllib.request.urlopen(f"{url}/cla/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return int(float(next(line for line in lines if line.startswith("cla_sessions ")).split()[1]))


def main() -> None:
    """Visit, look and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=100)
    cycles = parser.parse_args().cycles
    console = Console(width=100)
    console.print(device_name())
    with serving() as (process, url), sync_playwright() as playwright:
        server = psutil.Process(process.pid)

        def look(visits: str) -> None:
            memory = f"{server.memory_info().rss / 2**20:.0f}"
            threads, files = server.num_threads(), server.num_fds()
            console.print(
                f"after {visits}: {open_sessions(url)} sessions, {threads} threads, "
                f"{files} files, {memory} MiB"
            )

        def launch() -> Browser:
            chromium = shutil.which("chromium")
            return playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

        lasting = launch()
        for cycle in range(cycles):
            if cycle % 2:
                page = lasting.new_page()
                visit(page, url)
                page.close()
            else:
                doomed = launch()
                visit(doomed.new_page(), url)
                kill(doomed)
            if (cycle + 1) % 10 == 0:
                look(f"{cycle + 1} visits")
        # The last visit is there because Streamlit forgets old sessions when it keeps a new one.
        time.sleep(STREAMLIT_KEEPS_S + 5)
        last = lasting.new_page()
        visit(last, url)
        last.close()
        time.sleep(GRACE_S + 5)
        look("two minutes and one visit more")


if __name__ == "__main__":
    main()
