"""What deploy/compose.yaml starts, without containers: two servers, nginx and Prometheus."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml
from local_nginx import proxy
from serving_process import health, wait_until
from simulated import free_port

import cla.client
from cla.capture import sample_clips
from cla.cli.app import UNWATCHED
from cla.server.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
NAMES = ("app1:8501", "app2:8501")
TOKEN = "a-token-of-this-test"


def offered():
    """Every metric that a server tells, by the names under which Prometheus keeps it."""
    found = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", Metrics().text().decode(), re.M):
        ends = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        found |= {name + end for end in ends}
    return {name for name in found if not name.endswith("_created")}


def test_the_dashboard_asks_for_what_there_is():
    dashboard = json.loads((DEPLOY / "grafana" / "cla.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    names = set(re.findall(r"\b(?:cla|process)_\w+", " ".join(asked)))
    assert len(names) > 10
    assert not names - offered()
    for metric in offered():  # nothing that the server counts is left out
        told = any(metric.startswith(name.removesuffix("_bucket")) for name in names)
        assert told or not metric.startswith("cla_"), metric


def test_prometheus_asks_the_servers_of_the_set():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    watched = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"][0]
    (hosts,) = (each["targets"] for each in watched["static_configs"])
    assert tuple(hosts) == NAMES
    assert {name.partition(":")[0] for name in hosts} <= set(compose["services"])
    for name in ("app1", "app2"):
        service = compose["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


@contextlib.contextmanager
def app(port):
    """The app as the image starts it."""
    command = [sys.executable, "-m", "cla", "app", "--port", str(port), "--address", "127.0.0.1"]
    command += [*UNWATCHED, "--server.headless", "true"]
    environment = {**os.environ, "CLA_RECORDINGS": "off", "CLA_TOKENS": TOKEN}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@contextlib.contextmanager
def prometheus(servers, place):
    settings = (DEPLOY / "prometheus.yml").read_text().replace("5s", "1s")
    for name, url in zip(NAMES, servers, strict=True):
        settings = settings.replace(name, url.removeprefix("http://"))
    (place / "prometheus.yml").write_text(settings)
    url = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={place}/prometheus.yml",
        f"--storage.tsdb.path={place}",
    ]
    command.append(f"--web.listen-address={url}")
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield f"http://{url}"
    finally:
        process.terminate()
        process.wait(30)


def answer(url, query):
    """What Prometheus has of a query: values by the labels of each series."""
    with contextlib.suppress(urllib.error.URLError):
        asked = urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=10) as said:
            return [float(one["value"][1]) for one in json.load(said)["data"]["result"]]
    return []


def is_up(server):
    with contextlib.suppress(OSError):
        return health(f"{server}/cla")["status"] == "ready"


@pytest.mark.timeout(280)
@pytest.mark.skipif(shutil.which("nginx") is None, reason="there is no nginx on this machine")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_two_servers_behind_nginx_serve_programs_and_are_watched(tmp_path):
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(app(free_port())) for _ in NAMES]
        for server in servers:
            wait_until(lambda server=server: is_up(server), 120)
        site = tmp_path / "site"
        site.mkdir()
        url = stack.enter_context(proxy(tuple(servers), site))
        watching = None
        if shutil.which("prometheus"):
            watching = stack.enter_context(prometheus(servers, tmp_path))
        with pytest.raises(cla.client.Refused, match="wants a token"):
            listen(url, site, token="wrong")
        for _ in range(4):
            assert listen(url, site, token=TOKEN)[-1]["type"] == "ended"
        assert "token=" not in (site / "access.log").read_text()
        if watching:
            wait_until(lambda: answer(watching, "up") == [1, 1])
            wait_until(lambda: answer(watching, "sum(cla_tokens_total)") >= [4 * 100])
            (latency,) = wait_until(lambda: answer(watching, "sum(cla_queue_seconds_count)"))
            assert latency >= 4 * 100
            assert sum(answer(watching, "cla_refused_total")) == 1


def listen(url, site, token):
    """The records of a clip, through nginx and TLS."""
    source = cla.client.sample(sample_clips()[0].name)
    fast = [{"type": "fast", "fast": True}]
    trusted = str(site / "fullchain.pem")
    return list(
        cla.client.stream(f"{url}/cla", source, commands=fast, token=token, authority=trusted)
    )
