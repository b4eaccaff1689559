"""The live server within a server of your own, and a program that has it play a sample clip."""

import socket
import threading

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

import cla.client
from cla.server import Access, LiveServer, open_host


def print_events(url: str, clip: str) -> None:
    """Lane and label of all that is heard in a clip, as they come."""
    fast = {"type": "fast", "fast": True}
    for record in cla.client.stream(url, cla.client.sample(clip), commands=[fast]):
        for lane in record["lanes"] if record["type"] == "token" else ():
            if lane["event"]:
                print(lane["lane"], lane["event"]["label"])


def main() -> None:
    host = open_host({"CLA_RECORDINGS": "off"}, "127.0.0.1")
    host.access = Access(local=True)  # programs of this machine need no token
    live = LiveServer(host)
    app = Starlette(routes=[Mount("/heard", routes=live.routes())])  # beside what you serve
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=server.run, args=([listening],))
        serving.start()
        print_events("http://127.0.0.1:{}/heard".format(*listening.getsockname()[1:]), "count")
        server.should_exit = True
        serving.join()
    live.close()


if __name__ == "__main__":
    main()
