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
from cla.client import Refused, astream, jpegs, pcm, sample, stream
from cla.client.giving import WAITING, Giving
from cla.client.kept import Kept

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


def test_a_session_goes_on_in_another_server_where_its_own_was_killed():
    """It gets the sound of the last seconds again: tokens go on as if nothing had been."""
    port, tokens, hellos = free_port(), [], 0
    samples, rate = speech(seconds=2.4)

    def source():
        return pcm(io.BytesIO(samples.tobytes()), rate_hz=rate)

    with cla_serve(port=port) as (process, address):
        records = stream(address, source())
        for record in records:
            hellos += record["type"] == "hello"
            if record["type"] == "token":
                tokens.append(record)
                if len(tokens) == 12:
                    break
        process.kill()
        process.wait()
    with cla_serve(port=port):
        for record in records:
            hellos += record["type"] == "hello"
            if record["type"] == "token":
                tokens.append(record)
        unbroken = [one for one in stream(address, source()) if one["type"] == "token"]
    assert record["type"] == "ended"
    assert hellos == 2
    assert [one["token"] for one in tokens] == list(range(len(unbroken)))
    for one, other in zip(tokens, unbroken, strict=True):
        assert one["time_s"] == pytest.approx(other["time_s"])
        assert one["gap_s"] == 0
        assert [lane["label"] for lane in one["lanes"]] == [
            lane["label"] for lane in other["lanes"]
        ]
        assert one["arrays"]["full/probabilities"] == pytest.approx(
            other["arrays"]["full/probabilities"], abs=1e-4
        )


class Told:
    """A connection to a server that hears at once what it is sent."""

    def __init__(self, kept):
        self.kept, self.packets = kept, []

    async def send(self, packet):
        self.packets.append(packet)
        number = len(self.packets) - 1
        self.kept.told({"token": number, "time_s": 0.08 * (number + 1)})


def test_of_long_sound_the_last_seconds_are_given_again_and_tokens_are_counted_on():
    async def run():
        kept = Kept(pcm([], rate_hz=16000))
        first = Told(kept)
        for number in range(200):
            kept.add(bytes([number]) * 2560)
            await first.send(kept._packets[-1])
        kept.add(bytes([200]) * 2560)  # it was given, and not answered
        second = Told(kept)
        await kept.give_again(second)
        assert [packet[0] for packet in second.packets] == list(range(51, 201))
        return kept.told({"token": 150, "time_s": 151 * 0.08})

    token = run_apart(run())
    assert token["token"] == 201
    assert token["time_s"] == pytest.approx(202 * 0.08)


def test_of_pictures_nothing_is_kept():
    async def run():
        kept = Kept(jpegs([]))
        kept.add(bytes(100))
        assert not kept._packets
        return kept.told({"token": 7, "time_s": 1.0})

    assert run_apart(run()) == {"token": 7, "time_s": 1.0}


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
