"""A clip worked on at once equals the same clip in a live session."""

import numpy as np
import pytest
import torch
from rows import assert_rows_close

from cla.capture import open_audio, sample_clips
from cla.engine import Comparison, SetEmit, lane_at, read_clip, scan_lane
from cla.errors import ClaError
from cla.features import SAMPLE_RATE_HZ
from cla.models import LaneSpec

LANES = [
    LaneSpec("full"),
    LaneSpec("continual"),
    LaneSpec("nystrom", 4, "continual"),
    LaneSpec("continual_nystrom", 4, "fixed"),
    LaneSpec("continual_nystrom", 4, "continual"),
]


@pytest.fixture(scope="module")
def clip(task):
    shares = []
    with open_audio(sample_clips()[0].path) as audio:
        clip = read_clip(task, audio, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    return clip


def test_a_clip_is_read_whole(clip):
    assert len(clip.tokens) == int(clip.duration_s / 0.08)
    assert len(clip.samples) == pytest.approx(11.98 * SAMPLE_RATE_HZ, abs=SAMPLE_RATE_HZ / 100)
    assert clip.features.shape == (len(clip.tokens), 96)
    assert clip.times_s[-1] == clip.tokens[-1].time_s


@pytest.mark.parametrize(
    "config", LANES, ids=lambda config: f"{config.kind}-{config.landmark_mode}"
)
def test_scans_and_moments_are_those_of_steps(task, clip, config):
    comparison = Comparison(task, [config])
    comparison.apply(SetEmit(True))
    records = [comparison.step(token).lanes[0] for token in clip.tokens]
    scan = scan_lane(task, config, clip)
    stepped = np.stack([record.probabilities for record in records])
    assert_rows_close(scan.probabilities, stepped)
    events = [record.event[:2] for record in records if record.event]
    assert [event[:2] for event in scan.events] == events
    for index in (0, 3, task.window, len(records) - 1):
        moment = lane_at(task, config, clip, index)
        inverse = torch.as_tensor(moment.factors.get("gamma_inv", np.ones((1, 1, 1))))
        # It enlarges how tokens were rounded, and is itself made of them.
        condition = torch.linalg.matrix_norm(inverse, 2)[:, None] ** 2
        assert_rows_close(
            moment.attention, records[index].attention[0], condition=condition, sums=torch.float32
        )


def test_a_clip_shorter_than_a_token_is_refused(task, tmp_path):
    import soundfile

    path = tmp_path / "short.wav"
    soundfile.write(path, np.zeros(200), 16_000)
    with open_audio(path) as audio, pytest.raises(ClaError, match="shorter"):
        read_clip(task, audio)
