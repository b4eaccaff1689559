import os
import threading
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cla.capture import AudioLimits, open_audio
from cla.errors import ClaError

WriteSound = Callable[..., Path]


def read(source: str | Path | bytes) -> NDArray[np.float32]:
    with open_audio(source) as file:
        return np.concatenate([chunk.samples for chunk in file])


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "opus", "mp3", "m4a", "aiff"])
@pytest.mark.parametrize("as_bytes", [False, True], ids=["path", "bytes"])
def test_reads_every_usual_format(
    write_sound: WriteSound, tone: NDArray[np.float32], ending: str, as_bytes: bool
) -> None:
    rate_hz = 48_000 if ending == "opus" else 44_100
    path = write_sound(f"tone.{ending}", tone, rate_hz)
    with open_audio(path.read_bytes() if as_bytes else path) as file:
        chunks = list(file)
        assert file.sample_rate_hz == rate_hz
        assert file.duration_s == pytest.approx(len(tone) / rate_hz, abs=0.06)
        assert file.damaged_packets == 0
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(len(tone), abs=2_500)  # lossy codecs pad
    assert np.std(samples[8_000:16_000]) == pytest.approx(0.3 / np.sqrt(2), abs=0.02)
    spectrum = np.abs(np.fft.rfft(samples[8_000:16_000] * np.hanning(8_000)))
    assert spectrum.argmax() * rate_hz / 8_000 == pytest.approx(440 * rate_hz / 44_100, abs=6)


def test_a_bare_codec_is_known_by_its_ending(
    write_sound: WriteSound, tone: NDArray[np.float32]
) -> None:
    path = write_sound("tone.g722", tone, 16_000, "g722")
    samples = read(path)
    spectrum = np.abs(np.fft.rfft(samples[8_000:16_000] * np.hanning(8_000)))
    assert spectrum.argmax() * 2 == pytest.approx(440 * 16_000 / 44_100, abs=6)
    with pytest.raises(ClaError, match="not a sound file"):
        read(path.rename(path.with_suffix(".wav")))


def test_an_ending_of_a_bare_codec_may_be_that_of_a_container(
    write_sound: WriteSound, tone: NDArray[np.float32], tmp_path: Path
) -> None:
    wave = write_sound("tone.wav", tone)
    expected = read(wave)
    np.testing.assert_array_equal(read(wave.rename(wave.with_suffix(".gsm"))), expected)
    short = tmp_path / "short.gsm"
    short.write_bytes((b"\xd2" + bytes(32)) * 23)  # frames of GSM 06.10, of 20 ms each
    assert len(read(short)) == 23 * 160


def test_chunks_are_timed_by_what_was_read(
    write_sound: WriteSound, tone: NDArray[np.float32]
) -> None:
    with open_audio(write_sound("tone.flac", tone)) as file:
        chunks = list(file)
    lengths = np.cumsum([0] + [len(chunk.samples) for chunk in chunks])
    assert len(chunks) > 3
    assert [chunk.start_s for chunk in chunks] == pytest.approx(lengths[:-1] / 44_100)


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le"])
def test_every_sample_format_has_the_same_scale(
    write_sound: WriteSound, tone: NDArray[np.float32], codec: str
) -> None:
    samples = read(write_sound("tone.wav", tone, codec=codec))
    np.testing.assert_allclose(samples, tone, atol=0.01 if codec == "pcm_u8" else 1e-4)


def test_one_sample_is_a_sound(write_sound: WriteSound) -> None:
    np.testing.assert_allclose(
        read(write_sound("one.wav", np.array([0.5], np.float32))), [0.5], atol=1e-4
    )


def test_an_undecodable_piece_is_left_out_and_counted(
    write_sound: WriteSound, tone: NDArray[np.float32]
) -> None:
    path = write_sound("tone.mp3", np.tile(tone, 3))
    content = bytearray(path.read_bytes())
    content[20_000:20_600] = bytes(range(200)) * 3
    with open_audio(bytes(content)) as file:
        samples = sum(len(chunk.samples) for chunk in file)
        assert file.damaged_packets >= 1
    assert samples > 2.5 * len(tone)


def test_a_truncated_file_gives_what_is_there(
    write_sound: WriteSound, tone: NDArray[np.float32]
) -> None:
    content = write_sound("tone.flac", tone).read_bytes()
    assert 1_000 < len(read(content[: len(content) // 2])) < len(tone)


def test_video_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    with pytest.raises(ClaError, match="holds no sound"):
        open_audio(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"RIFF", "not a sound file"),
        (bytes(np.random.default_rng(0).bytes(5_000)), "not a sound file"),
        (b"hello world\n" * 100, "holds no sound|not a sound file"),
    ],
    ids=["empty", "stub", "noise", "text"],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "sound.bin"
    path.write_bytes(content)
    for source in (path, content):
        with pytest.raises(ClaError, match=message) as caught:
            read(source)
        assert caught.value.remedy


def test_a_header_without_sound_is_refused(
    write_sound: WriteSound, tone: NDArray[np.float32]
) -> None:
    content = write_sound("tone.wav", tone).read_bytes()
    header = bytearray(content[: content.index(b"data") + 8])
    header[-4:] = bytes(4)
    with pytest.raises(ClaError, match="no sound"):
        read(bytes(header))


@pytest.mark.parametrize("name", ["missing.wav", ".", "http://localhost/a.wav", "a\0b", "x" * 400])
def test_what_cannot_be_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ClaError, match="cannot be opened"):
        open_audio(name)


def test_a_name_cannot_command_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2J\nb.wav"
    path.write_bytes(b"")
    with pytest.raises(ClaError) as caught:
        open_audio(path)
    assert str(caught.value).startswith(r"a\x1b[2J\nb.wav is empty.")


@pytest.mark.parametrize(
    ("offset", "field", "message"),
    [
        (24, (1_000_000).to_bytes(4, "little"), "sample rate of 1000000 Hz"),
        (24, (100).to_bytes(4, "little"), "sample rate of 100 Hz"),
        (24, bytes(4), "not a sound file|no sound"),
        (22, (60_000).to_bytes(2, "little"), "channels|no sound|not a sound file"),
    ],
    ids=["fast", "slow", "zero", "channels"],
)
def test_hostile_headers_are_refused(
    write_sound: WriteSound,
    tone: NDArray[np.float32],
    offset: int,
    field: bytes,
    message: str,
) -> None:
    content = bytearray(write_sound("tone.wav", tone).read_bytes())
    content[offset : offset + len(field)] = field
    with pytest.raises(ClaError, match=message):
        read(bytes(content))


@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile '{}'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n",
    ],
    ids=["concat", "hls"],
)
def test_a_playlist_cannot_open_other_files(
    write_sound: WriteSound, tone: NDArray[np.float32], playlist: str
) -> None:
    secret = write_sound("secret.mp3", tone)
    with pytest.raises(ClaError, match="not a sound file"):
        open_audio(playlist.format(secret).encode())


@given(content=st.binary(max_size=400), magic=st.sampled_from([b"RIFF", b"fLaC", b"OggS", b"ID3"]))
def test_any_bytes_are_read_or_refused(content: bytes, magic: bytes) -> None:
    try:
        result = len(read(magic + content))
    except ClaError as error:
        result = len(error.remedy)
    assert result > 0


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(ClaError, match="larger than 0 MB"):
        open_audio(bytes(2_000), limits=AudioLimits(max_bytes=1_000))


def test_too_many_channels_are_refused(write_sound: WriteSound, tone: NDArray[np.float32]) -> None:
    path = write_sound("tone.wav", np.stack([tone, tone]))
    with pytest.raises(ClaError, match="2 channels"):
        open_audio(path, limits=AudioLimits(max_channels=1))


def test_a_long_file_is_refused_at_once(write_sound: WriteSound) -> None:
    hour = write_sound("hour.flac", np.zeros(3_600 * 4_000, np.float32), 4_000)
    with pytest.raises(ClaError, match="longer than 10 minutes"):
        open_audio(hour, limits=AudioLimits(max_duration_s=600.0))
    with open_audio(hour) as file:
        assert file.duration_s == pytest.approx(3_600)


def test_a_long_file_that_lies_about_it_is_stopped(
    write_sound: WriteSound, tone: NDArray[np.float32]
) -> None:
    content = bytearray(write_sound("tone.flac", tone).read_bytes())
    content[21:26] = (content[21] & 0xF0).to_bytes(1, "big") + bytes(4)  # total samples: unknown
    limits = AudioLimits(max_duration_s=0.5)
    with open_audio(bytes(content), limits=limits) as file:
        assert file.duration_s is None or file.duration_s < 0.5
        with pytest.raises(ClaError, match="longer than"):
            list(file)


def test_hostile_metadata_does_no_harm(write_sound: WriteSound, tone: NDArray[np.float32]) -> None:
    content = write_sound("tone.wav", tone).read_bytes()
    text = b"\xff\xfe\x00\x1b[2J" * 50
    entry = b"INAM" + len(text).to_bytes(4, "little") + text
    extra = b"LIST" + (4 + len(entry)).to_bytes(4, "little") + b"INFO" + entry
    assert len(read(content + extra)) == len(tone)


def test_nothing_stays_open(write_sound: WriteSound, tone: NDArray[np.float32]) -> None:
    path = write_sound("tone.flac", tone)

    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    files, threads = open_files(), threading.active_count()
    for _ in range(20):
        with open_audio(path) as file:
            next(file)
        with pytest.raises(ClaError):
            open_audio(path, limits=AudioLimits(max_duration_s=0.1))
    assert (open_files(), threading.active_count()) == (files, threads)


def test_a_closed_file_is_at_its_end(write_sound: WriteSound, tone: NDArray[np.float32]) -> None:
    file = open_audio(write_sound("tone.flac", tone))
    next(file)
    file.close()
    file.close()
    assert list(file) == []
