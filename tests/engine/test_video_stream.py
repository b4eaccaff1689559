"""Video in a session: the newest picture wins, times are real, and bad pictures harm nothing."""

import threading
import time

import cv2
import numpy as np
import pytest
import torch
from test_session import collect, our_threads, tokens_of, wait_for
from videos import gradient, write_video

from cla.capture import VideoSource, open_video
from cla.engine import (
    FaultRecord,
    Feeder,
    FrameRecord,
    Pause,
    Reset,
    Resume,
    Session,
    StepOnce,
    VideoStream,
)
from cla.errors import ClaError
from cla.features import HAND_FEATURE_DIM, Hand, HandTokenizer
from cla.models import LaneSpec
from cla.types import EncodedFrame, Token, VideoFrame

LANES = [LaneSpec("full"), LaneSpec("continual_nystrom", 4)]
IMAGE = gradient()
HOP_S = 1 / 15


class OneTokenEach:
    """A tokenizer that makes a token of each picture, and waits where it is told to."""

    def __init__(self) -> None:
        self.hands = (Hand(np.full((21, 2), 0.5, np.float32), "left", 0.9),)
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.shapes: list[tuple[int, ...]] = []

    def push(self, frame: VideoFrame) -> list[Token]:
        assert self.may_go_on.wait(60)
        self.shapes.append(frame.image.shape)
        return [Token(0, frame.time_s, torch.full((HAND_FEATURE_DIM,), frame.time_s % 1.0))]

    def flush(self) -> list[Token]:
        return []

    def reset(self) -> None:
        pass


@pytest.fixture
def tokenizer():
    return OneTokenEach()


@pytest.fixture
def live(video_task, tokenizer):
    session = Session(video_task, LANES, VideoStream(tokenizer))
    yield session
    tokenizer.may_go_on.set()
    session.close()
    assert our_threads() == []


def frames_of(records):
    return [record for record in records if isinstance(record, FrameRecord)]


def jpeg(image=IMAGE):
    return cv2.imencode(".jpg", image[..., ::-1])[1].tobytes()


def test_the_newest_picture_wins_and_drops_are_counted(live, tokenizer) -> None:
    tokenizer.may_go_on.clear()
    live.push(VideoFrame(IMAGE, 0.0))
    wait_for(lambda: not live._inbox.has_packets)
    for i in range(1, 1_001):
        assert live.push(VideoFrame(IMAGE, i * HOP_S))
        assert len(live._inbox._stream) == 1
    tokenizer.may_go_on.set()
    records = collect(live, 2)
    first, second = tokens_of(records)
    assert (first.time_s, first.dropped_frames) == (0.0, 0)
    assert second.dropped_frames == 999
    assert second.time_s == pytest.approx(1_000 * HOP_S)
    assert second.gap_s == pytest.approx(999 * HOP_S)
    assert len(tokenizer.shapes) == 2


def test_a_dropped_jpeg_is_never_decoded(live, tokenizer) -> None:
    tokenizer.may_go_on.clear()
    live.push(EncodedFrame(jpeg(), 0.0))
    wait_for(lambda: not live._inbox.has_packets)
    live.push(EncodedFrame(b"this would be refused", 0.1))
    live.push(EncodedFrame(jpeg(), 0.2))
    tokenizer.may_go_on.set()
    records = collect(live, 2)
    assert not [record for record in records if isinstance(record, FaultRecord)]
    assert tokens_of(records)[1].dropped_frames == 1


def test_corrupt_pictures_are_reported_counted_and_left_out(live) -> None:
    for i, content in enumerate((jpeg(), b"garbage", jpeg()[:-30], jpeg())):
        live.push(EncodedFrame(content, i * HOP_S))
        wait_for(lambda: not live._inbox.has_packets)
        time.sleep(0.02)
    records = collect(live, 2)
    faults = [record for record in records if isinstance(record, FaultRecord)]
    assert len(faults) == 2
    assert all(fault.remedy and not fault.fatal for fault in faults)
    assert [record.dropped_frames for record in tokens_of(records)] == [0, 2]


def test_hands_are_shown_and_only_the_newest_picture_is_kept(live) -> None:
    for i in range(20):
        live.push(VideoFrame(IMAGE, i * HOP_S))
        wait_for(lambda: not live._inbox.has_packets)
    time.sleep(0.1)
    (frame,) = frames_of(live.drain())
    assert frame.hands[0].handedness == "left"
    assert frame.picture is None


def test_a_preview_is_made_where_it_is_asked_for(video_task, tokenizer) -> None:
    session = Session(video_task, LANES, VideoStream(tokenizer, preview=True))
    session.push(VideoFrame(IMAGE, 0.0))
    (frame,) = frames_of(collect(session, 1))
    session.close()
    assert frame.picture.startswith(b"\xff\xd8")


def test_time_is_counted_from_the_first_picture_and_anew_after_a_reset(live) -> None:
    live.push(VideoFrame(IMAGE, 100.0))
    assert collect(live, 1)[0].time_s == 0
    live.push(VideoFrame(IMAGE, 100.0 + HOP_S))
    assert collect(live, 1)[0].gap_s == 0
    live.send(Reset())
    live.push(VideoFrame(IMAGE, 130.0))
    (record,) = tokens_of(collect(live, 1))
    assert (record.token, record.time_s, record.gap_s) == (0, 0, 0)


def test_a_paused_camera_is_not_looked_at_and_steps(live) -> None:
    live.send(Pause())
    wait_for(lambda: live.paused)
    assert not live.push(VideoFrame(IMAGE, 0.0))
    live.send(StepOnce())
    wait_for(lambda: not live.paused)
    assert live.push(VideoFrame(IMAGE, 1.0))
    assert len(tokens_of(collect(live, 1))) == 1
    wait_for(lambda: live.paused)
    live.send(Resume())
    wait_for(lambda: not live.paused)
    assert live.push(VideoFrame(IMAGE, 2.0))


@pytest.mark.parametrize("speed", [None, 20.0])
def test_no_picture_of_a_file_is_lost(video_task, tokenizer, tmp_path, speed) -> None:
    video = open_video(write_video(tmp_path / "a.mp4", [IMAGE] * 40))
    session = Session(video_task, LANES, VideoStream(tokenizer), live=False)
    feeder = Feeder(session, video, speed=speed)
    assert session.wait_finished(60)
    records = tokens_of(session.drain())
    feeder.close()
    session.close()
    assert [record.time_s for record in records] == pytest.approx([i / 10 for i in range(40)])
    assert not any(record.dropped_frames for record in records)
    assert feeder.media_s == pytest.approx(3.9)
    assert our_threads() == []


def test_a_file_waits_for_its_reader(video_task, tokenizer, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("cla.engine.outbox.MAX_RECORDS", 8)
    video = open_video(write_video(tmp_path / "a.mp4", [IMAGE] * 40))
    session = Session(video_task, LANES, VideoStream(tokenizer), live=False)
    feeder = Feeder(session, video)
    time.sleep(0.5)
    records = tokens_of(collect(session, 40))
    feeder.close()
    session.close()
    assert [record.token for record in records] == list(range(40))


def test_a_file_goes_on_at_another_speed(video_task, tokenizer, tmp_path):
    video = open_video(write_video(tmp_path / "a.mp4", [IMAGE] * 100))
    session = Session(video_task, LANES, VideoStream(tokenizer), live=False)
    feeder = Feeder(session, video, speed=0.25)  # for 40 s
    collect(session, 2)
    assert not session.wait_finished(0)
    feeder.set_speed(None)
    assert session.wait_finished(30)
    assert len(tokens_of(session.drain())) >= 90
    feeder.close()
    session.close()


def test_a_hundred_sessions_leave_nothing(video_task, tmp_path):
    path = write_video(tmp_path / "a.mp4", [IMAGE] * 3)
    for _ in range(100):
        session = Session(video_task, LANES, VideoStream(OneTokenEach(), preview=True))
        feeder = Feeder(session, open_video(path))
        session.push(VideoFrame(IMAGE, 0.0))
        session.close()
        feeder.close()
    assert our_threads() == []


class BreakingSource(VideoSource):
    """A camera that is unplugged after some pictures."""

    def __init__(self, error) -> None:
        super().__init__()
        self.error = error
        self.closed = False
        self.times_s = iter(i * HOP_S for i in range(3))

    def close(self) -> None:
        self.closed = True

    def __next__(self):
        for time_s in self.times_s:
            time.sleep(0.05)
            return VideoFrame(IMAGE, time_s)
        raise self.error


@pytest.mark.parametrize("error", [ClaError("camera_silent", camera="it"), ValueError("odd")])
def test_a_source_that_breaks_is_reported_and_what_came_is_kept(
    video_task, tokenizer, error
) -> None:
    session = Session(video_task, LANES, VideoStream(tokenizer))
    source = BreakingSource(error)
    feeder = Feeder(session, source)
    assert session.wait_finished(60)
    records = session.drain()
    feeder.close()
    session.close()
    assert len(tokens_of(records)) == 3
    (fault,) = [record for record in records if isinstance(record, FaultRecord)]
    assert fault.remedy
    assert source.closed


def test_a_minute_without_a_hand_is_made_of_tokens() -> None:
    tokenizer = HandTokenizer()
    stream = VideoStream(tokenizer)
    tokens = []
    blank = np.full((120, 160, 3), 90, np.uint8)
    for i in range(300):
        stream.offer(VideoFrame(blank, i / 5), live=False)
        tokens += stream.take(stream.pop()).tokens
    assert len(tokens) == pytest.approx(60 * 15, abs=5)
    assert tokenizer.hands == ()
    assert all(token.features.isfinite().all() for token in tokens)
