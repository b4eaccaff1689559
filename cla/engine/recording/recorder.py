"""One recording of one session: all that decides its records, and the records."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cla.capture import MIN_SIDE, encode_jpeg, with_joints
from cla.capture.flac import as_played, rounded
from cla.engine.commands import Command, Fill
from cla.engine.recording.files import RecordingFiles
from cla.engine.recording.layout import MAX_PACKET_BYTES, RecordingLimits
from cla.engine.recording.log import CommandDone, Flushed, PacketTaken
from cla.engine.recording.manifest import Manifest, shortened
from cla.engine.recording.rows import load_encoder, rows_of
from cla.engine.recording.writer import RecordingWriter, at_limit, why_not_written
from cla.engine.records import RecordingRecord
from cla.engine.stream import Arrival
from cla.errors import ClaError
from cla.telemetry import TokenRecord
from cla.texts.sentence import Sentence
from cla.types import EncodedFrame, VideoFrame

JPEG_QUALITY = 95
LINE_BYTES = 100
"""About what an entry of the log takes."""


class Recorder:
    """Records the packets, commands and records of a session, in order.

    While the session is live nothing here waits for the disk, and nothing raises: a recording that
    ends early keeps what was written, and the session continues.

    Args:
        folder: is made; must not exist, or be empty.
        source: what is recorded, in words.

    Raises:
        ClaError: the folder cannot be made, or is not empty.
    """

    def __init__(
        self, folder: str | Path, *, source: str = "", limits: RecordingLimits | None = None
    ) -> None:
        self._folder = Path(folder)
        self._source = source
        self._limits = limits or RecordingLimits()
        self._writer: RecordingWriter | None = None
        self._kind: str | None = None
        self._samples = self._commands = 0
        self._first_s: float | None = None
        self._duration_s = 0.0
        load_encoder()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            empty = not any(self._folder.iterdir())
        except OSError as error:
            raise why_not_written(error, self._folder) from error
        if not empty:
            raise ClaError("recording_folder_not_empty", folder=self._folder)

    @property
    def running(self) -> bool:
        """Whether what comes is recorded."""
        return self._writer is not None and self._writer.running

    def begin(
        self, manifest: Manifest, task: bytes, on_change: Callable[[RecordingRecord], None]
    ) -> None:
        """Begin, with a stream that begins.

        Args:
            task: its file, as `write_task_file` makes it.
            on_change: called at the beginning and at the end, from any thread.
        """
        name = self._folder.name

        def on_end(reason: ClaError | None) -> None:
            on_change(RecordingRecord(name, False, self._duration_s, reason))

        self._rate_hz = manifest.sample_rate_hz
        try:
            files = RecordingFiles(
                self._folder, replace(manifest, source=shortened(self._source)), task
            )
        except OSError as error:
            on_end(why_not_written(error, self._folder))
            return
        self._writer = RecordingWriter(
            files, self._limits, patient=not manifest.live, on_end=on_end
        )
        on_change(RecordingRecord(name, True))

    def packet(self, arrival: Arrival[Any]) -> Arrival[Any]:
        """Record a packet; returns the packet for the stream, which gets exactly what is recorded.

        Raw pictures are encoded as JPEG, and float samples are rounded to 24 bits.
        """
        writer = self._writer
        if writer is None or not writer.running:
            return arrival
        try:
            if isinstance(arrival.packet, VideoFrame | EncodedFrame):
                arrival = replace(arrival, packet=_encoded(arrival.packet))
                self._picture(writer, arrival)
            else:
                arrival = self._sound(writer, arrival)
        except ClaError as error:
            writer.end(error)
        return arrival

    def command(self, command: Command, steps: int) -> None:
        """Take a command that acts when `steps` tokens have been taken since the beginning."""
        if self._writer:
            self._count_command(self._writer)
            self._writer.add(LINE_BYTES, CommandDone(command, steps))

    def _count_command(self, writer: RecordingWriter) -> None:
        self._commands += 1
        if self._commands > self._limits.max_commands:
            writer.end(at_limit(Sentence("words.commands", count=self._limits.max_commands)))

    def fill(self, features: NDArray[np.float32], count: int, steps: int) -> None:
        """Take `count` tokens put before the stream, rows of `features` (R, F), as a command."""
        if self._writer:
            self._count_command(self._writer)
            entry = CommandDone(Fill(len(features), features.shape[1], count), steps)
            self._writer.add_filled(features.astype("<f4").tobytes(), entry)

    def flushed(self) -> None:
        """Take the end of the stream."""
        if self._writer:
            self._writer.add(LINE_BYTES, Flushed())

    def record(self, record: TokenRecord, step: int) -> None:
        """Take the records of a token; `step` counts tokens from the beginning."""
        if self._writer:
            self._writer.add_rows(rows_of(record, step))

    def end(self) -> None:
        """Take no more, without waiting for what is still to be written."""
        if self._writer:
            self._writer.end()

    def close(self) -> None:
        """End the recording; may be called again. All of it is in the folder when this returns."""
        if self._writer:
            self._writer.close()
        elif self._folder.is_dir() and not any(self._folder.iterdir()):
            self._folder.rmdir()

    def _picture(self, writer: RecordingWriter, arrival: Arrival[Any]) -> None:
        frame: EncodedFrame = arrival.packet
        self._first_s = frame.time_s if self._first_s is None else self._first_s
        self._check_duration(frame.time_s - self._first_s)
        size = len(frame.jpeg)
        taken = PacketTaken(_checked(size), arrival.skipped, frame.time_s)
        writer.add(size + LINE_BYTES, taken, frame)

    def _sound(self, writer: RecordingWriter, arrival: Arrival[Any]) -> Arrival[Any]:
        samples: NDArray[Any] = arrival.packet
        kind = "<i2" if samples.dtype == np.int16 else "<f4"
        size = _checked(samples.size * np.dtype(kind).itemsize)
        if kind == "<f4" and not np.isfinite(samples).all():
            writer.add(LINE_BYTES, PacketTaken(0, arrival.skipped, not_numbers=samples.size))
            return arrival
        if self._kind not in (None, kind):
            raise ClaError("recording_sound_changes_type")
        self._samples += samples.size
        self._check_duration(self._samples / (self._rate_hz or 1))
        whole = samples.astype(kind) if kind == "<i2" else rounded(samples)
        if samples.size:
            self._kind = kind
        if samples.size or arrival.skipped:
            taken = PacketTaken(size, arrival.skipped)
            writer.add(size + LINE_BYTES, taken, whole if samples.size else None)
        return replace(arrival, packet=samples if kind == "<i2" else as_played(whole))

    def _check_duration(self, media_s: float) -> None:
        if media_s > self._limits.max_s:
            raise at_limit(Sentence("words.minutes", count=self._limits.max_s / 60))
        self._duration_s = media_s


def _encoded(frame: VideoFrame | EncodedFrame) -> EncodedFrame:
    if isinstance(frame, EncodedFrame):
        return frame
    if min(frame.image.shape[:2]) < MIN_SIDE:
        raise ClaError("recording_pictures_too_narrow")
    jpeg = encode_jpeg(frame.image, JPEG_QUALITY)
    if frame.joints is not None:
        jpeg = with_joints(jpeg, frame.joints)
    return EncodedFrame(jpeg, frame.time_s)


def _checked(size_bytes: int) -> int:
    if size_bytes > MAX_PACKET_BYTES:
        raise ClaError("recording_packet_too_large")
    return size_bytes
