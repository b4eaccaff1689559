"""Hand signs through the whole chain: file, session, tracker, trained lanes."""

import cv2
import numpy as np
import pytest
from hand_data import PALMS, photograph

from cla.capture import VideoSource, open_video, sample_clips
from cla.engine import Feeder, Session, VideoStream, stream_of
from cla.features import HandTokenizer
from cla.models import LaneSpec, load_task
from cla.telemetry import TokenRecord
from cla.types import VideoFrame

LANES = [LaneSpec("full"), LaneSpec("continual_nystrom", 16)]
CHANGE_S = 0.45
CLIPS = {clip.name: clip for clip in sample_clips("hands")}


class Thinned(VideoSource):
    """A video of which pictures are missing here and there: its rate is uneven."""

    def __init__(self, video, share, seed=0):
        super().__init__()
        self._video = video
        self._random = np.random.default_rng(seed)
        self._share = share

    def close(self) -> None:
        self._video.close()

    def __next__(self):
        return next(frame for frame in self._video if self._random.random() < self._share)


def play(source, stream):
    session = Session(load_task("hands"), LANES, stream, live=False)
    feeder = Feeder(session, source)
    assert session.wait_finished(60)
    records = session.drain()
    feeder.close()
    session.close()
    return records


def events(records, lane):
    tokens = [record for record in records if isinstance(record, TokenRecord)]
    return [record.lanes[lane].event for record in tokens if record.lanes[lane].event]


def check_read(found, clip):
    """Each sign is recognized while the hand takes its shape or holds it, and no other one is."""
    for word in clip.words:
        assert any(
            event.label == word.label and word.start_s - CHANGE_S < event.time_s < word.end_s
            for event in found
        ), f"{word.label} at {word.start_s} s was not read"
    assert {event.label for event in found} <= {word.label for word in clip.words}


@pytest.mark.parametrize("name", CLIPS)
def test_sample_clips_are_read(name):
    video = open_video(CLIPS[name].path)
    records = play(video, stream_of(load_task("hands"), video))
    for lane in range(len(LANES)):
        check_read(events(records, lane), CLIPS[name])


def test_an_uneven_rate_does_no_harm():
    video = Thinned(open_video(CLIPS["hand-signs"].path), share=0.6)
    records = play(video, VideoStream(HandTokenizer()))
    check_read(events(records, 0), CLIPS["hand-signs"])
    times_s = [record.time_s for record in records if isinstance(record, TokenRecord)]
    assert np.diff(times_s) == pytest.approx(1 / 15)


def test_of_three_hands_two_are_followed():
    hands = [cv2.resize(photograph(name), (320, 240)) for name in PALMS]
    stream = VideoStream(HandTokenizer())
    for index in range(12):
        stream.offer(VideoFrame(np.ascontiguousarray(np.hstack(hands)), index / 15), live=False)
        taken = stream.take(stream.pop())
        assert all(token.features.isfinite().all() for token in taken.tokens)
    assert len(taken.seen.hands) == 2
