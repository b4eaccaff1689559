"""Where sound and pictures come from: files, sample clips, browsers and local devices."""

from cla.capture.audio_file import AudioFile, AudioLimits, open_audio
from cla.capture.camera import CameraInfo, is_camera_address, list_cameras
from cla.capture.clips import SampleClip, SpokenWord, sample_clips
from cla.capture.devices import Camera, LocalDevices, Microphone, list_microphones, local_devices
from cla.capture.endings import endings, suffixes
from cla.capture.isolated import open_isolated_audio, open_isolated_video
from cla.capture.media_file import MediaLimits
from cla.capture.microphone import MicrophoneInfo
from cla.capture.opening import FileLimits, open_file
from cla.capture.pictures import MIN_SIDE, decode_jpeg, encode_jpeg, jpeg_size, preview_jpeg
from cla.capture.source import SoundSource, VideoSource
from cla.capture.video_file import VideoFile, VideoLimits, open_video

__all__ = [
    "MIN_SIDE",
    "AudioFile",
    "AudioLimits",
    "Camera",
    "CameraInfo",
    "FileLimits",
    "LocalDevices",
    "MediaLimits",
    "Microphone",
    "MicrophoneInfo",
    "SampleClip",
    "SoundSource",
    "SpokenWord",
    "VideoFile",
    "VideoLimits",
    "VideoSource",
    "decode_jpeg",
    "encode_jpeg",
    "endings",
    "is_camera_address",
    "jpeg_size",
    "list_cameras",
    "list_microphones",
    "local_devices",
    "open_audio",
    "open_file",
    "open_isolated_audio",
    "open_isolated_video",
    "open_video",
    "preview_jpeg",
    "sample_clips",
    "suffixes",
]
