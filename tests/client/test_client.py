"""The client in Python against `cla serve`, as programs use both."""

import asyncio
import io
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
from serving_process import cla_serve, health, wait_until

from cla.capture import sample_clips
from cla.client import Refused, astream, pcm, sample, stream
from cla.client.giving import WAITING, Giving

CLIP = sample_clips()[0]
WORDS = [word.label for word in CLIP.words]


def run_apart(coroutine):
    """Run a coroutine in a thread of its own: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@pytest.fixture(scope="module")
def served():
    with cla_serve() as (process, address):
        yield process, address


@pytest.fixture(scope="module")
def url(served):
    return served[1]


@pytest.fixture(scope="module")
def guarded():
    """One that wants a token."""
    with cla_serve("--address", "0.0.0.0", CLA_TOKENS="right") as (process, address):
        yield process, address.replace("0.0.0.0", "127.0.0.1")


def speech(seconds=None):
    samples, rate = soundfile.read(CLIP.path, dtype="int16")
    return samples[: round(seconds * rate) if seconds else None], rate


def events(records, lane="full"):
    lanes = [one for record in records if record["type"] == "token" for one in record["lanes"]]
    return [one["event"]["label"] for one in lanes if one["lane"] == lane and one["event"]]


def test_it_needs_neither_torch_nor_numpy():
    code = (
        "import sys; import cla.client; "
        "assert not {'torch', 'numpy', 'websockets', 'starlette'} & set(sys.modules); "
        "import cla.client.connecting, websockets.asyncio.client; "
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_sample_is_streamed_from_its_hello_to_its_end(url):
    records = list(stream(url, sample(CLIP.name), commands=[{"type": "fast", "fast": True}]))
    assert (records[0]["type"], records[-1]["type"]) == ("hello", "ended")
    assert events(records) == WORDS
    wait_until(lambda: health(url)["sessions"] == 0)


def test_sound_of_ones_own_is_heard_to_its_end(url):
    samples, rate = speech(seconds=2)
    packets = [part.tobytes() for part in np.split(samples, range(640, len(samples), 640))]
    records = list(stream(url, pcm(packets, rate_hz=rate)))
    tokens = [record for record in records if record["type"] == "token"]
    assert len(tokens) == pytest.approx(2 / 0.08, abs=1)
    assert sum(token["gap_s"] for token in tokens) == 0


def test_a_file_comes_at_its_own_pace(url):
    samples, rate = speech(seconds=0.8)
    source = pcm(io.BytesIO(samples.tobytes()), rate_hz=rate)
    tokens = [record for record in stream(url, source) if record["type"] == "token"]
    assert [token["token"] for token in tokens] == list(range(len(tokens)))
    assert len(tokens) == pytest.approx(10, abs=1)


def test_many_streams_are_awaited_at_once(url):
    async def one():
        commands = [{"type": "fast", "fast": True}]
        return events(
            [record async for record in astream(url, sample(CLIP.name), commands=commands)]
        )

    async def both():
        return await asyncio.gather(one(), one())

    assert run_apart(both()) == [WORDS, WORDS]


def test_who_stops_listening_leaves_nothing_behind(url):
    before = threading.active_count()
    for record in stream(url, sample(CLIP.name)):
        if record["type"] == "token":
            break
    wait_until(lambda: threading.active_count() == before)
    wait_until(lambda: health(url)["sessions"] == 0)


def test_what_is_wrong_with_a_source_is_raised_where_records_are_taken(url):
    def failing():
        yield bytes(2560)
        raise OSError("the device is gone")

    with pytest.raises(OSError, match="the device is gone"):
        list(stream(url, pcm(failing())))


def test_a_server_that_wants_a_token_says_so(guarded):
    _, address = guarded
    with pytest.raises(Refused, match="wants a token") as refused:
        list(stream(address, sample(CLIP.name), token="wrong"))
    assert refused.value.key == "token_refused"
    assert next(stream(address, sample(CLIP.name), token="right"))["type"] == "hello"


def test_sigint_waits_for_nobody_and_a_server_that_is_not_there_is_told(guarded):
    process, address = guarded
    records = stream(address, sample(CLIP.name), token="right", give_up_s=0)
    next(records)
    process.send_signal(signal.SIGINT)
    with pytest.raises(OSError, match="1012"):
        list(records)
    assert process.wait(60) == 130
    with pytest.raises(OSError, match=r"\d"):
        list(stream(address, sample(CLIP.name), token="right", give_up_s=0))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_server_that_is_killed_and_started_again_is_found_again():
    port, said = free_port(), []
    go_on = threading.Event()

    def packets():
        yield bytes(2560)
        go_on.wait(60)
        yield bytes(2560)

    with cla_serve(port=port) as (process, address):
        records = stream(address, pcm(packets()))
        for record in records:
            said.append(record["type"])
            if record["type"] == "token":
                break
        process.kill()
        process.wait()
    with cla_serve(port=port):
        for record in records:
            said.append(record["type"])
            go_on.set()
    assert said.count("hello") == 2
    assert said[-1] == "ended"


def test_packets_that_cannot_go_are_told_as_lost_the_oldest_first():
    sent = []

    class Connection:
        async def send(self, message):
            sent.append(message)

        async def close(self):
            pass

    async def run():
        giving = Giving(pcm([bytes([n, 0]) for n in range(WAITING + 3)]), [])
        giving._read()
        await asyncio.sleep(0)
        await giving.serve(Connection(), anew=False)

    run_apart(run())
    assert sent[0] == '{"type": "lost", "samples": 3}'
    assert sent[1:-1] == [bytes([n, 0]) for n in range(3, WAITING + 3)]
    assert sent[-1] == '{"type": "end"}'


def test_sigterm_waits_for_sessions(served):
    """The last test of this server."""
    process, address = served
    records = stream(address, sample(CLIP.name), give_up_s=0)
    next(records)
    process.send_signal(signal.SIGTERM)
    assert events(records) == WORDS
    assert process.wait(60) == 0
