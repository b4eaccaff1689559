"""Where sound and pictures come from: files, sample clips, browsers and local devices."""

from cla.capture.audio_file import AudioLimits, open_audio
from cla.capture.camera import is_camera_address
from cla.capture.clips import SampleClip, sample_clips
from cla.capture.devices import Camera, LocalDevices, Microphone, local_devices
from cla.capture.endings import endings, suffixes
from cla.capture.isolated import FileLimits, open_file, open_isolated_audio, open_isolated_video
from cla.capture.joint_file import joints_in, read_table, with_joints
from cla.capture.media_file import MediaLimits
from cla.capture.pictures import MIN_SIDE, decode_jpeg, encode_jpeg, preview_jpeg
from cla.capture.source import SoundSource, VideoSource
from cla.capture.video_file import VideoLimits, open_video

__all__ = [
    "MIN_SIDE",
    "AudioLimits",
    "Camera",
    "FileLimits",
    "LocalDevices",
    "MediaLimits",
    "Microphone",
    "SampleClip",
    "SoundSource",
    "VideoLimits",
    "VideoSource",
    "decode_jpeg",
    "encode_jpeg",
    "endings",
    "is_camera_address",
    "joints_in",
    "local_devices",
    "open_audio",
    "open_file",
    "open_isolated_audio",
    "open_isolated_video",
    "open_video",
    "preview_jpeg",
    "read_table",
    "sample_clips",
    "suffixes",
    "with_joints",
]
