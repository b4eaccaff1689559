import numpy as np
import pytest

from cla.capture import SampleClip, open_audio, sample_clips

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def test_there_are_clips_with_digits_and_without() -> None:
    clips = sample_clips()
    assert len({clip.name for clip in clips}) == len(clips) >= 3
    assert {word.label for clip in clips for word in clip.words} == set(DIGITS)
    assert any(not clip.words for clip in clips)


@pytest.mark.parametrize("clip", sample_clips(), ids=lambda clip: clip.name)
def test_a_clip_is_what_its_entry_says(clip: SampleClip) -> None:
    with open_audio(clip.path) as file:
        samples = np.concatenate([chunk.samples for chunk in file])
        rate_hz = file.sample_rate_hz
    assert clip.title
    assert clip.license
    assert clip.attribution
    assert 5 < len(samples) / rate_hz < 60
    ends = [0.0]
    for word in clip.words:
        assert word.label in DIGITS
        assert ends[-1] < word.start_s < word.end_s < len(samples) / rate_hz
        spoken = samples[int(word.start_s * rate_hz) : int(word.end_s * rate_hz)]
        assert np.sqrt(np.mean(spoken**2)) > 0.02
        ends.append(word.end_s)
