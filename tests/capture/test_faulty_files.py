"""Files as people have them: read whole and in time, or it is said what was made of them."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from videos import gradient, turn, write_video

from cla.capture import open_audio, open_isolated_audio, open_isolated_video, open_video

RATE_HZ = 16_000
SPEECH = (0.3 * np.random.default_rng(0).standard_normal(3 * RATE_HZ)).astype(np.float32)
SPEECH *= np.float32(0.9) / np.abs(SPEECH).max()


def heard(source):
    """All samples, and what was said of the file."""
    with open_audio(source) as file:
        samples = np.concatenate([chunk.samples for chunk in file])
        return samples, " ".join(file.notices)


def wave(samples, *, promised=None, riff=None, behind=b"") -> bytes:
    """A WAV file of floats or int16 whose header says what is wanted."""
    data = samples.tobytes()
    kind, width = (3, 4) if samples.dtype == np.float32 else (1, 2)
    form = struct.pack("<HHIIHH", kind, 1, RATE_HZ, width * RATE_HZ, width, 8 * width)
    promised = len(data) if promised is None else promised
    head = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data"
    size = struct.pack("<I", (len(data) + 36) if riff is None else riff)
    return b"RIFF" + size + head + struct.pack("<I", promised) + data + behind


WHOLE = (SPEECH * 32_768).astype(np.int16)


def test_a_file_without_fault_gets_no_notice() -> None:
    text = b"INFOISFT" + struct.pack("<I", 4) + b"this"
    tags = b"LIST" + struct.pack("<I", len(text)) + text
    for content in (wave(WHOLE), wave(WHOLE, behind=tags), wave(SPEECH), wave(SPEECH * 2)):
        samples, said = heard(content)
        assert (len(samples), said) == (len(SPEECH), "")


@pytest.mark.parametrize("behind", [bytes(500), b"TAG" + bytes(125)], ids=["filling", "tag"])
def test_a_filling_is_no_sound(behind) -> None:
    text = b"LIST" + struct.pack("<I", 4_000) + bytes(4_000)
    odd = np.frombuffer(WHOLE.tobytes()[:-1], np.uint8)
    for content in (wave(WHOLE, behind=behind), wave(WHOLE, behind=text), wave(odd, behind=text)):
        samples, said = heard(content)
        assert len(samples) in (len(WHOLE), len(WHOLE) - 1)
        assert said == ""


@pytest.mark.parametrize(
    ("factor", "scale", "exact"),
    [(2.0**15, 2**15, True), (2.0**23, 2**23, True), (2.0**31, 2**31, True), (30.0, 32, False)],
)
def test_floats_beyond_full_scale_are_divided(factor, scale, exact) -> None:
    samples, said = heard(wave(SPEECH * np.float32(factor)))
    np.testing.assert_allclose(samples, SPEECH * (1 if exact else factor / scale), rtol=1e-6)
    assert f"up to {scale} where 1 is full scale" in said


def test_single_damaged_floats_do_not_change_the_scale() -> None:
    damaged = SPEECH.copy()
    damaged[[10, 2_000]] = 1e9, -1e30
    samples, _ = heard(wave(damaged))
    np.testing.assert_array_equal(np.delete(samples, [10, 2_000]), np.delete(SPEECH, [10, 2_000]))


def test_samples_that_are_not_numbers_are_silence() -> None:
    damaged = SPEECH.copy()
    damaged[100:104] = np.nan, np.inf, -np.inf, np.nan
    samples, said = heard(wave(damaged))
    expected = SPEECH.copy()
    expected[100:104] = 0
    np.testing.assert_array_equal(samples, expected)
    assert "not numbers, which are taken as silence: 4." in said


@pytest.mark.parametrize("promised", [0, 2, len(WHOLE), 2**32 - 1, 0x7FFF_F000])
@pytest.mark.parametrize("riff", [None, 0, 2**32 - 1])
def test_a_header_that_promises_less_loses_nothing(promised, riff) -> None:
    samples, said = heard(wave(WHOLE, promised=promised, riff=riff))
    assert len(samples) == len(WHOLE)
    assert ("says less than the file holds" in said) == (promised in (2, len(WHOLE)))
    assert "cut off" not in said


def test_a_header_of_64_bits_is_read() -> None:
    content = wave(WHOLE, promised=2**32 - 1)[12:]
    for told in (WHOLE.nbytes, WHOLE.nbytes // 2):
        sizes = b"ds64" + struct.pack("<IQQQI", 28, 0, told, 0, 0)
        samples, said = heard(b"RF64" + b"\xff" * 4 + b"WAVE" + sizes + content)
        assert len(samples) == len(WHOLE)
        assert bool(said) == (told < WHOLE.nbytes)


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "aiff"])
def test_a_file_that_was_cut_off_says_so(write_sound, ending) -> None:
    content = write_sound(f"long.{ending}", np.tile(SPEECH, 2), RATE_HZ).read_bytes()
    samples, said = heard(content[: len(content) // 2])
    end_s = len(samples) / RATE_HZ
    assert 1.5 < end_s < 3.5
    assert f"ends at {end_s:.1f} s of 6.0 s: it was cut off" in said


def test_an_ogg_that_was_cut_off_says_so(write_sound) -> None:
    content = write_sound("long.opus", np.tile(SPEECH, 2), RATE_HZ).read_bytes()
    assert heard(content)[1] == ""
    samples, said = heard(content[: len(content) // 2])
    assert f"ends at {len(samples) / 48_000:.1f} s without a mark of its end" in said


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.ts", {}),
        ("a.m2ts", {"mpegts_m2ts_mode": "1"}),
        ("a.mp4", {"movflags": "empty_moov", "frag_duration": "500000"}),
    ],
)
def test_what_promises_nothing_says_where_it_was_cut_off(tmp_path, name, options) -> None:
    path = tmp_path / name
    with av.open(path, "w", options=options) as container:
        stream = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(SPEECH[None], "fltp", "mono")
        frame.sample_rate, frame.pts = RATE_HZ, 0
        container.mux([*stream.encode(frame), *stream.encode(None)])
    content = path.read_bytes()
    assert heard(content)[1] == ""
    samples, said = heard(content[: len(content) // 2 + 1])
    assert 0.5 < len(samples) / RATE_HZ < 2.5
    assert f"ends at {len(samples) / RATE_HZ:.1f} s without a mark of its end" in said


def test_what_is_no_part_of_the_file_is_told_of(write_sound) -> None:
    content = write_sound("long.aiff", SPEECH, RATE_HZ).read_bytes()
    samples, said = heard(content + b"\0" * 200_000)
    assert len(samples) == len(SPEECH)
    assert "holds 0.2 MB that do not belong" in said


@pytest.mark.parametrize("share", [1, 0.5])
def test_a_file_that_begins_late_ends_where_it_says(tmp_path, share) -> None:
    with av.open(tmp_path / "late.mka", "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        for at in range(0, len(WHOLE), 1_000):
            frame = av.AudioFrame.from_ndarray(WHOLE[None, at : at + 1_000], "s16", "mono")
            frame.sample_rate, frame.pts = RATE_HZ, 5 * RATE_HZ + at
            container.mux(stream.encode(frame))
    content = (tmp_path / "late.mka").read_bytes()
    said = heard(content[: int(share * len(content))])[1]
    assert ("of 8.0 s: it was cut off" in said) == (share < 1)
    assert bool(said) == (share < 1)


@pytest.fixture(scope="module")
def gapped(tmp_path_factory):
    """Sound with 4 s missing in the middle, by its timestamps."""
    path = tmp_path_factory.mktemp("gap") / "gap.mka"
    with av.open(path, "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        for at in range(0, len(WHOLE), 1_600):
            frame = av.AudioFrame.from_ndarray(WHOLE[np.newaxis, at : at + 1_600], "s16", "mono")
            frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
            frame.pts = at + (at >= RATE_HZ) * 4 * RATE_HZ
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def test_a_gap_in_the_timestamps_is_silence(gapped) -> None:
    samples, said = heard(gapped)
    expected = np.insert(WHOLE / np.float32(32_768), RATE_HZ, np.zeros(4 * RATE_HZ, np.float32))
    np.testing.assert_array_equal(samples, expected)
    assert "lacks 4.0 s of sound, at 1.0 s first" in said


def test_an_upload_is_told_the_same(gapped) -> None:
    with open_isolated_audio(gapped) as apart, open_audio(gapped) as here:
        assert len(list(apart)) == len(list(here))
        assert apart.notices == here.notices != []


def test_a_box_longer_than_any_file_harms_nothing(write_sound) -> None:
    content = write_sound("a.m4a", SPEECH, RATE_HZ).read_bytes()
    endless = struct.pack(">I4sQ", 1, b"free", 2**64 - 1)
    assert len(heard(content + endless)[0]) == len(heard(content)[0])


@pytest.mark.parametrize("ending", ["wav", "flac", "opus", "m4a", "mp3"])
def test_files_put_one_behind_the_other_are_all_heard(write_sound, ending) -> None:
    rate_hz = 48_000 if ending == "opus" else 44_100
    tone = np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz).astype(np.float32)
    first = write_sound(f"a.{ending}", 0.3 * tone, rate_hz).read_bytes()
    stereo = write_sound(f"b.{ending}", np.stack([0.3 * tone, 0.3 * tone]), rate_hz).read_bytes()
    slow = write_sound(f"c.{ending}", 0.3 * tone[::2], rate_hz // 2).read_bytes()
    samples, said = heard(first + stereo + slow)
    assert len(samples) / rate_hz == pytest.approx(3, abs=0.3)
    assert "changes its sample rate or its channels at" in said
    for second in range(3):
        part = samples[int((second + 0.3) * rate_hz * 0.93) :][: rate_hz // 2]
        assert part.std() == pytest.approx(0.3 / np.sqrt(2), rel=0.1)
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        assert spectrum.argmax() * rate_hz / len(part) == pytest.approx(440, abs=4)


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.webm", "a.ts"])
def test_pictures_put_one_behind_the_other_are_all_seen(tmp_path, name) -> None:
    wide = write_video(tmp_path / name, [gradient()] * 20).read_bytes()
    tall = write_video(tmp_path / f"b{name}", [gradient(48, 64)] * 20).read_bytes()
    with open_video(wide + tall) as video:
        frames = list(video)
        assert any("begin anew" in notice for notice in video.notices)
    # MPEG-2's decoder drops the picture before a change of size.
    assert len(frames) == (39 if name == "a.ts" else 40)
    assert frames[-1].time_s == pytest.approx(len(frames) / 10 - 0.1, abs=0.1)
    shapes = [frame.image.shape for frame in frames]
    assert shapes == sorted([(48, 64, 3)] * (len(shapes) - 20) + [(64, 48, 3)] * 20)


def test_an_upload_of_pictures_is_told_the_same(tmp_path) -> None:
    content = write_video(tmp_path / "a.webm", [gradient()] * 20).read_bytes() * 2
    with open_isolated_video(content) as apart, open_video(content) as here:
        assert len(list(apart)) == len(list(here)) == 40
        assert apart.notices == here.notices != []


class Stumbling:
    """A container in which PyAV stumbles once, as over a stream that begins in the middle."""

    def __init__(self, container) -> None:
        self._container, self._due = container, True
        self.close, self.format = container.close, container.format

    def demux(self):
        for index, packet in enumerate(self._container.demux()):
            if self._due and index == 3:
                self._due = False
                raise IndexError("list index out of range")
            yield packet


def test_a_stream_that_begins_in_the_middle_ends_nothing(write_sound) -> None:
    path = write_sound("a.wav", SPEECH, RATE_HZ)
    with open_audio(path) as file:
        file._container = Stumbling(file._container)
        samples = sum(len(chunk.samples) for chunk in file)
        assert file.damaged_packets == 1
    assert 0.9 * len(SPEECH) < samples < len(SPEECH)


ORIENTATIONS = {
    "as it is": ((1, 0, 0, 1), lambda image: image),
    "mirrored": ((-1, 0, 0, 1), np.fliplr),
    "upside down": ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    "flipped": ((1, 0, 0, -1), np.flipud),
    "transposed": ((0, 1, 1, 0), lambda image: image.swapaxes(0, 1)),
    "clockwise": ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
    "transversed": ((0, -1, -1, 0), lambda image: np.rot90(image, 2).swapaxes(0, 1)),
    "counterclockwise": ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
}


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_pictures_are_turned_and_mirrored_as_the_file_says(tmp_path, name) -> None:
    (a, b, c, d), turned = ORIENTATIONS[name]
    path = turn(write_video(tmp_path / "a.mp4", [gradient()]), (a, b, 0, c, d, 0, 0, 0, 1))
    with open_video(path) as video:
        image = next(video).image
    expected = turned(gradient())
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 12


@pytest.mark.parametrize(
    ("aspect", "shape"),
    [((2, 1), (48, 128, 3)), ((1, 2), (48, 32, 3)), ((16, 1), (48, 64, 3)), ((0, 1), (48, 64, 3))],
)
def test_pixels_that_are_not_square_become_so(tmp_path, aspect, shape) -> None:
    path = write_video(tmp_path / "a.mp4", [gradient()] * 3, pixel_aspect=Fraction(*aspect))
    with open_video(path) as video:
        assert [frame.image.shape for frame in video] == [shape] * 3
