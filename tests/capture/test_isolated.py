"""Uploads decoded apart: the same chunks, and a decoder that fails harms nobody."""

import os
import signal
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from videos import gradient, write_video

from cla.capture import (
    AudioLimits,
    VideoLimits,
    child,
    open_audio,
    open_isolated_audio,
    open_isolated_video,
    open_video,
    sample_clips,
)
from cla.capture.messages import LENGTH, Said, encode, error_of
from cla.errors import ClaError

CLIP = sample_clips()[0].path.read_bytes()
needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")


def framed(message: bytes) -> bytes:
    return LENGTH.pack(len(message)) + message


def file_count() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0


@pytest.mark.parametrize("opened", [open_isolated_audio, open_isolated_video, open_audio])
@pytest.mark.parametrize("content", [b"", b"this is neither sound nor picture"])
def test_what_is_wrong_is_said_in_every_language(opened, content) -> None:
    with pytest.raises(ClaError) as caught:
        opened(content)
    assert str(caught.value).startswith("The upload is ")
    assert caught.value.said("de").startswith("Die hochgeladene Datei ist ")
    assert "datei wie " in caught.value.remedy.said("de")


@pytest.mark.parametrize(
    "told",
    [
        Said("nothing", {}),
        Said("file_empty", {}),
        Said("file_empty", {"file": Said("x", {})}),
    ],
)
def test_what_a_process_says_must_be_in_the_catalogue(told) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        error_of(told)


def test_sound_is_the_same_as_in_process() -> None:
    with open_isolated_audio(CLIP) as apart, open_audio(CLIP) as here:
        assert (apart.sample_rate_hz, apart.duration_s) == (here.sample_rate_hz, here.duration_s)
        for one, other in zip(apart, here, strict=True):
            assert one.start_s == other.start_s
            assert np.array_equal(one.samples, other.samples)


def test_pictures_are_the_same_as_in_process(tmp_path) -> None:
    content = write_video(tmp_path / "a.mp4", [gradient()] * 3).read_bytes()
    with open_isolated_video(content) as apart, open_video(content) as here:
        for one, other in zip(apart, here, strict=True):
            assert one.time_s == other.time_s
            assert np.array_equal(one.image, other.image)


@pytest.mark.parametrize("content", [b"", b"this is no sound", CLIP[:1000]])
def test_a_bad_file_gets_the_same_sentence(content) -> None:
    with pytest.raises(ClaError) as here:
        list(open_audio(content))
    with pytest.raises(ClaError) as apart:
        list(open_isolated_audio(content))
    assert str(apart.value) == str(here.value)


def test_limits_hold_apart_too(tmp_path) -> None:
    with pytest.raises(ClaError, match="longer than"):
        open_isolated_audio(CLIP, limits=AudioLimits(max_duration_s=5.0))
    video = write_video(tmp_path / "a.mp4", [gradient()] * 3).read_bytes()
    with (
        open_isolated_video(video, limits=VideoLimits(max_frames=2)) as file,
        pytest.raises(ClaError, match="more than 2 pictures"),
    ):
        list(file)


def test_a_crash_is_a_sentence_and_leaves_nothing() -> None:
    files = file_count()
    with open_isolated_audio(CLIP) as file:
        next(file)
        os.kill(file._child._process.pid, signal.SIGSEGV)
        with pytest.raises(ClaError, match="makes the decoder crash"):
            list(file)
        with open_isolated_audio(CLIP) as other:
            assert len(list(other)) > 100
    assert list(file) == []
    assert file._child._process.poll() is not None
    assert file_count() == files


@pytest.fixture
def decoder_that(monkeypatch, tmp_path):
    """Lets the decoder's process do something else in place of decoding a chunk."""

    def decoder_that(body: str) -> None:
        code = f"""
            import faulthandler, os, time
            from cla.capture import audio_file
            until = faulthandler.dump_traceback_later
            faulthandler.dump_traceback_later = lambda s, exit: until(min(s, 0.3), exit=exit)
            audio_file.AudioFile.__next__ = lambda self: {body}
            """
        (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(code))
        monkeypatch.syspath_prepend(str(tmp_path))

    return decoder_that


def test_a_decoder_that_hangs_is_stopped(decoder_that) -> None:
    decoder_that("time.sleep(60)")
    with open_isolated_audio(CLIP) as file, pytest.raises(ClaError, match="takes too long"):
        list(file)


@needs_limits
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("bytearray(2**34)", "needs too much memory"),
        ("open('/dev/shm/written', 'w').write('x' * 10)", "makes the decoder crash"),
        ("[os.dup(0) for _ in range(100)]", "makes the decoder crash"),
    ],
)
def test_what_decoding_does_not_need_is_taken_from_it(decoder_that, body, sentence) -> None:
    decoder_that(body)
    with open_isolated_audio(CLIP) as file, pytest.raises(ClaError, match=sentence):
        list(file)


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"\x00",
        b"\xff" * 8,
        b"\x10\x00\x00\x00{}",
        framed(encode({"type": "Sound", "start_s": 0.0, "samples": b""})),
        framed(encode({"type": "Opened", "name": "a", "duration_s": "long"})),
        framed(encode({"type": "Failure", "said": {"key": "nothing", "values": {}}})),
        framed(b"\xff\xff\xff"),
    ],
)
def test_a_decoder_that_was_taken_over_is_not_believed(monkeypatch, output) -> None:
    start = child.subprocess.Popen

    def other(_command, **options):
        code = f"import sys; sys.stdout.buffer.write({output!r})"
        return start([sys.executable, "-c", code], **options)

    monkeypatch.setattr(child.subprocess, "Popen", other)
    with pytest.raises(ClaError, match="decoder"):
        open_isolated_audio(CLIP)


def test_no_secret_of_the_server_reaches_the_decoder(monkeypatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "secret")
    with open_isolated_audio(CLIP) as file:
        if sys.platform == "linux":
            environment = Path(f"/proc/{file._child._process.pid}/environ").read_bytes()
            assert b"SECRET" not in environment
        next(file)


def test_a_machine_that_starts_no_process_says_so(monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(child.subprocess, "Popen", fail)
    with pytest.raises(ClaError, match="cannot decode files now"):
        open_isolated_audio(CLIP)
