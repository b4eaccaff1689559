import numpy as np
import pytest

from cla.capture import SampleClip, open_audio, open_video, sample_clips
from cla.features import HandTokenizer

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def check_entry(clip: SampleClip, duration_s: float) -> None:
    assert clip.title
    assert clip.license
    assert 5 < duration_s < 60
    ends_s = [0.0]
    for word in clip.words:
        assert ends_s[-1] < word.start_s < word.end_s < duration_s
        ends_s.append(word.end_s)


def test_there_are_clips_with_digits_and_without() -> None:
    clips = sample_clips()
    assert len({clip.name for clip in clips}) == len(clips) >= 3
    assert {word.label for clip in clips for word in clip.words} == set(DIGITS)
    assert any(not clip.words for clip in clips)


@pytest.mark.parametrize(
    "clip", [*sample_clips(), *sample_clips("key")], ids=lambda clip: clip.name
)
def test_a_clip_is_what_its_entry_says(clip: SampleClip) -> None:
    with open_audio(clip.path) as file:
        samples = np.concatenate([chunk.samples for chunk in file])
        rate_hz = file.sample_rate_hz
    check_entry(clip, len(samples) / rate_hz)
    for word in clip.words:
        spoken = samples[int(word.start_s * rate_hz) : int(word.end_s * rate_hz)]
        assert np.sqrt(np.mean(spoken**2)) > 0.02


@pytest.mark.parametrize("clip", sample_clips("hands"), ids=lambda clip: clip.name)
def test_hands_are_in_sight_just_when_the_entry_says_so(clip: SampleClip) -> None:
    tokenizer = HandTokenizer()
    seen = []
    with open_video(clip.path) as file:
        for frame in file:
            tokenizer.push(frame)
            shown = any(word.start_s <= frame.time_s < word.end_s for word in clip.words)
            seen.append((shown, bool(tokenizer.hands)))
    check_entry(clip, frame.time_s)
    assert np.mean([found for shown, found in seen if shown]) > 0.95
    assert not seen[0][1]
    assert not seen[-1][1]
