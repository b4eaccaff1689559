"""Where sound comes from: files, sample clips and the local microphone."""

from cla.capture.audio_file import AudioFile, AudioLimits, open_audio
from cla.capture.clips import SampleClip, SpokenWord, sample_clips
from cla.capture.microphone import Microphone, MicrophoneInfo, list_microphones

__all__ = [
    "AudioFile",
    "AudioLimits",
    "Microphone",
    "MicrophoneInfo",
    "SampleClip",
    "SpokenWord",
    "list_microphones",
    "open_audio",
    "sample_clips",
]
