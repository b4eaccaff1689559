"""The live route stands by itself: it starts where there is no Streamlit."""

import subprocess
import sys

SERVE = """
import sys
sys.modules["streamlit"] = None
sys.path[:0] = {path}
from starlette.applications import Starlette
from starlette.testclient import TestClient
from cla.server import LiveServer, open_host

server = LiveServer(open_host({{"CLA_RECORDINGS": "off"}}, "127.0.0.1"))
with TestClient(Starlette(routes=server.routes())) as client:
    page, visit = {{"origin": "http://testserver"}}, server.invite()
    address = f"/v1/live?key={{visit.key}}"
    with client.websocket_connect(address, headers=page) as socket:
        assert '"hello"' in socket.receive_text()
        socket.send_text('{{"type": "sample", "clip": "count"}}')
        while '"type":"token"' not in socket.receive_text():
            pass
    client.portal.call(visit.end)
    assert "cla_tokens_total" in client.get("/metrics").text
server.host.workers.shutdown()
assert not any(name.startswith("cla.view") for name in sys.modules)
"""


def test_a_page_is_served_where_streamlit_is_not_installed():
    script = SERVE.format(path=repr([path for path in sys.path if path]))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
