"""Firefox by WebDriver BiDi: as much of it as a walk through the app needs."""

import itertools
import json
import re
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

BINARY = shutil.which("firefox-esr") or shutil.which("firefox")
PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
}
START_S, ANSWER_S = 60, 60


class Firefox:
    """A tab; `said` is what its console holds of errors."""

    def __init__(self, socket):
        self._socket, self._numbers = socket, itertools.count(1)
        self.said = []
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded"])
        self._tab = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def open(self, address):
        self._ask("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def size(self, width, height):
        viewport = {"width": width, "height": height}
        self._ask("browsingContext.setViewport", context=self._tab, viewport=viewport)

    def evaluate(self, script):
        """What an expression of JavaScript gives, as JSON has it."""
        expression = f"(async () => JSON.stringify(await ({script}) ?? null))()"
        answer = self._ask(
            "script.evaluate", expression=expression, target={"context": self._tab},
            awaitPromise=True, userActivation=True,
        )  # fmt: skip
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    def wait_for(self, script, timeout_s=60):
        """Wait until an expression is true."""
        deadline = time.monotonic() + timeout_s
        while not self.evaluate(script):
            assert time.monotonic() < deadline, f"not in time: {script}"
            time.sleep(0.1)

    def _ask(self, method, **params):
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv(ANSWER_S))
            if told.get("method") == "log.entryAdded" and told["params"]["level"] == "error":
                self.said.append(told["params"]["text"])
            if told.get("id") == number:
                assert told["type"] == "success", told
                return told["result"]


@contextmanager
def firefox(profile):
    """Firefox with a profile of its own in a folder, until it is left."""
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), "utf-8")
    command = [BINARY, "--headless", "--no-remote", "--profile", str(profile)]
    process = subprocess.Popen(
        [*command, "--remote-debugging-port", "0"], stderr=subprocess.PIPE, text=True
    )
    try:
        said = (re.search(r"WebDriver BiDi listening on (ws://\S+)", x) for x in process.stderr)
        address = next(found[1] for found in said if found)
        with connect(f"{address}/session", max_size=None, open_timeout=START_S) as socket:
            yield Firefox(socket)
            with suppress(ConnectionClosed):
                socket.send(json.dumps({"id": 0, "method": "browser.close", "params": {}}))
    finally:
        process.terminate()
        process.wait(20)
        process.stderr.close()
