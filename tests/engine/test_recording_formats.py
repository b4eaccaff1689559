"""What recordings are made of: FLAC and MP4 that others read, exactly what the lanes got."""

from contextlib import closing

import av
import numpy as np
import pytest
from tiny_tasks import tiny_sound_task, tiny_video_task
from videos import gradient

from cla.capture import encode_jpeg
from cla.capture.flac import FULL_SCALE, FlacWriter, as_played, read_flac_head, rounded
from cla.capture.fragments import FragmentWriter, jpegs
from cla.engine import Recorder, Recording, ReplayCheck, Session, SoundStream, replay, video_stream
from cla.errors import ClaError
from cla.models import LaneSpec
from cla.telemetry import TokenRecord
from cla.types import EncodedFrame, VideoFrame

LANES = (LaneSpec("full"), LaneSpec("continual_nystrom", 4))
RATE_HZ = 16_000
NOISE = (np.random.default_rng(8).normal(size=2 * RATE_HZ) * 0.4).astype(np.float32)
FRAMES = [EncodedFrame(encode_jpeg(gradient(64, 48 + i), 90), 3.0 + i * 0.07) for i in range(12)]


def record(folder, task, stream, packets):
    with closing(Session(task, LANES, stream, live=False)) as session:
        session.start_recording(Recorder(folder))
        for packet in packets:
            assert session.push(packet, timeout_s=60)
        session.finish()
        assert session.wait_finished(60)
        heard = [record for record in session.drain() if isinstance(record, TokenRecord)]
    return Recording(folder), heard


def check(recording, task):
    checked = ReplayCheck(recording)
    for found in replay(recording, task):
        if isinstance(found, TokenRecord):
            checked.add(found)
    checked.finish()
    return checked


@pytest.mark.parametrize("rate_hz", [1_000, 11_025, 44_100, 65_537, 192_000, 384_000])
@pytest.mark.parametrize("bits", [16, 24])
def test_flac_keeps_every_sample(tmp_path, rate_hz, bits):
    soundfile = pytest.importorskip("soundfile")
    dtype, top = (np.int16, 2**15) if bits == 16 else (np.int32, FULL_SCALE)
    samples = np.random.default_rng(1).integers(-top, top, 70_001).astype(dtype)
    samples[:2] = -top, top - 1
    writer = FlacWriter(rate_hz)
    packets = np.split(samples, [1, 2, 3_000, 3_001, 69_000])
    (tmp_path / "a.flac").write_bytes(b"".join(writer.encode([p]) for p in packets) + writer.end())
    with (tmp_path / "a.flac").open("r+b") as file:
        at, content = writer.correction()
        file.seek(at)
        file.write(content)
    head = read_flac_head((tmp_path / "a.flac").read_bytes()[:42])
    assert head[:3] == (rate_hz, bits, 70_001)
    read, rate = soundfile.read(tmp_path / "a.flac", dtype="int16" if bits == 16 else "int32")
    assert rate == rate_hz
    assert np.array_equal(read if bits == 16 else read >> 8, samples)


def test_rounding_keeps_what_fits_and_clips_what_does_not():
    fits = (np.arange(-(2**15), 2**15) / 2**15).astype(np.float32)
    assert np.array_equal(as_played(rounded(fits)), fits)
    assert as_played(rounded(np.array([1.5, -7.0], np.float32))).tolist() == [1 - 2**-23, -1.0]
    quiet = NOISE / 4
    assert np.abs(as_played(rounded(quiet)) - quiet).max() <= 2**-24


def test_sound_is_given_to_the_lanes_as_it_is_recorded(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    task = tiny_sound_task()
    recording, heard = record(tmp_path / "one", task, SoundStream(RATE_HZ), np.split(NOISE, 20))
    read, rate = soundfile.read(tmp_path / "one" / "sound.flac", dtype="float32")
    assert rate == RATE_HZ
    assert np.array_equal(read, as_played(rounded(NOISE)))
    assert np.array_equal(recording.samples(9), read)
    assert np.array_equal(recording.samples(0.5), read[: RATE_HZ // 2])
    assert check(recording, task).compared == len(heard) == 25
    isolated = Recording(recording.folder, isolated=True)
    assert np.array_equal(isolated.samples(9), read)
    assert check(isolated, task).equal


def test_pictures_are_an_mp4_of_the_very_jpegs(tmp_path):
    task = tiny_video_task()
    packets = [*FRAMES[:6], VideoFrame(gradient(48, 64), 3.4), *FRAMES[6:]]
    recording, heard = record(tmp_path / "one", task, video_stream(task), packets)
    with av.open(str(tmp_path / "one" / "pictures.mp4")) as container:
        (stream,) = container.streams
        found = [packet for packet in container.demux(stream) if packet.size]
        times_s = [float(packet.pts * packet.time_base) for packet in found]
    given = [packet for packet in packets if isinstance(packet, EncodedFrame)]
    assert [bytes(p) for p in (*found[:6], *found[7:])] == [frame.jpeg for frame in given]
    assert times_s == pytest.approx([packet.time_s - 3.0 for packet in packets], abs=1e-4)
    with av.open(str(tmp_path / "one" / "pictures.mp4")) as container:
        assert len(list(container.decode(video=0))) == 13
    arrivals = [h.packet for h in recording.happenings() if hasattr(h, "packet")]
    assert [a.time_s for a in arrivals] == [packet.time_s for packet in packets]
    checked = check(recording, task)
    assert checked.equal
    assert checked.compared == len(heard) > 10


def test_times_that_go_back_or_leap_are_kept_in_the_log_and_made_to_go_on_in_the_file(tmp_path):
    task = tiny_video_task()
    times_s = [5.0, 4.0, 4.0, 9_000.0, 2.0]
    packets = [EncodedFrame(FRAMES[0].jpeg, time_s) for time_s in times_s]
    packets.insert(2, EncodedFrame(b"no picture", 4.5))
    recording, _ = record(tmp_path / "one", task, video_stream(task), packets)
    arrivals = [h.packet for h in recording.happenings() if hasattr(h, "packet")]
    assert arrivals == packets
    with av.open(str(tmp_path / "one" / "pictures.mp4")) as container:
        ticks = [packet.pts for packet in container.demux(video=0) if packet.size]
    assert len(ticks) == 6
    assert all(np.diff(ticks) > 0)


def test_fragments_are_whole_wherever_a_file_is_cut_off():
    writer = FragmentWriter()
    content, ends = b"", []
    for frame in FRAMES:
        content += writer.encode([frame])
        ends.append(len(content))
    for size in range(0, len(content), 97):
        left = np.frombuffer(content[:size], np.uint8)
        read = b"".join(part.tobytes() for part in jpegs(left))
        assert b"".join(frame.jpeg for frame in FRAMES).startswith(read)
        whole = sum(end <= size for end in ends)
        assert len(read) >= sum(len(frame.jpeg) for frame in FRAMES[:whole])
    with pytest.raises(ClaError, match="damaged"):
        list(jpegs(np.frombuffer(content[4:], np.uint8)))
