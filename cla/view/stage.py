"""What one page plays: a source, the session it feeds, and the lanes' settings."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from cla.capture import (
    AudioLimits,
    Camera,
    Microphone,
    VideoLimits,
    sample_clips,
)
from cla.engine import (
    Command,
    FaultRecord,
    Feeder,
    FileLimits,
    FileSource,
    Kernels,
    LanesRecord,
    Pause,
    Record,
    RecordingRecord,
    Resume,
    Session,
    SetEmit,
    SetLandmarkMode,
    SetLandmarks,
    SetLanes,
    SetSensitivity,
    Source,
    Stream,
    open_file,
    sound_stream,
    stream_of,
    video_stream,
)
from cla.errors import ClaError
from cla.models import TaskModel
from cla.types import InputKind
from cla.view.packets import frame_of, samples_of
from cla.view.shelf import Shelf
from cla.view.shown_lanes import ShownLanes
from cla.view.upload import MAX_BYTES, Upload

UPLOAD_LIMITS = FileLimits(
    AudioLimits(max_duration_s=600.0, max_bytes=MAX_BYTES),
    VideoLimits(max_duration_s=600.0, max_bytes=MAX_BYTES, max_frames=600 * 60),
)
MICROPHONE_RATES_HZ = range(8_000, 192_001)
CLOCK_SLACK_S = 1.0
"""The page's clock starts a little before the session's."""


class Stage:
    """One page's session; a new source takes the place of the one before.

    Args:
        tasks: what can be recognized, by name.
        on_record: called from worker threads whenever there is something to `drain`.
        local: whether the page is open on this very machine, whose devices it may then use.
        shelf: where its sessions are recorded; None where nothing is.
        kernels: as of `Session`.

    Attributes:
        turn: held by whoever changes the stage, so that at most one start is in work.
    """

    def __init__(
        self,
        tasks: Mapping[str, TaskModel],
        on_record: Callable[[], None],
        *,
        local: bool = False,
        shelf: Shelf | None = None,
        kernels: Kernels | None = None,
    ) -> None:
        self._tasks = tasks
        self._listener = on_record
        self.local = local
        self.turn = threading.Lock()
        self._shelf = shelf
        self._kernels = kernels
        self._recording_from_s: float | None = None
        self._task = next(iter(tasks.values()))
        self._wished = ShownLanes(self._task)
        self.lanes = self._wished.record
        """The lanes of what has been drained."""
        self._lanes_news: LanesRecord | None = None
        self._source: dict[str, Any] = {"source": None}
        self._upload: Upload | None = None
        self._session: Session[Any] | None = None
        self._feeder: Feeder | None = None
        self._started_s = 0.0
        self._ended_reported = False
        self._paused = False
        self._fast = False
        self._enter: float | None = None

    @property
    def live(self) -> bool:
        """Whether bytes come from a device of the page; else they are those of an upload."""
        return self._upload is None

    def set_listener(self, on_record: Callable[[], None]) -> None:
        """Tell another connection of what is recorded."""
        self._listener = on_record

    def settings(self) -> dict[str, Any]:
        """What the page shows of the stage."""
        return {
            **self._source,
            "task": self._task.name,
            "paused": self._paused,
            "fast": self._fast,
            "enter": self._enter,
            "recorded_s": self._recorded_s,
            **self._wished.as_dict(),
        }

    def know(self, tasks: Mapping[str, TaskModel]) -> None:
        """Let this page run what the server can run by now."""
        self._tasks = {**tasks, **self._tasks}

    def offer(self, task: TaskModel) -> None:
        """Let this page run one more task, in place of an earlier one of its name."""
        if self._task.name == task.name and self._task is not task:
            self.stop()
            self._use(task)
        self._tasks = {**self._tasks, task.name: task}

    def choose(self, name: str) -> None:
        """Use this task for what comes next.

        Raises:
            ClaError: there is none of that name.
        """
        if name not in self._tasks:
            raise ClaError(
                f"There is no task {name!r}.", f"Choose one of {', '.join(self._tasks)}."
            )
        if self._tasks[name] is not self._task:
            self.stop()
            self._use(self._tasks[name])

    def set_fast(self, fast: bool) -> None:
        """Play files as fast as they can be worked on, or at their own pace."""
        self._fast = fast
        if self._feeder and self._session and not self._session.live:
            self._feeder.set_speed(self._file_speed)

    def play_sample(self, name: str) -> None:
        """Play a clip that comes with the package.

        Raises:
            ClaError: there is none of that name.
        """
        clips = {clip.name: clip for task in self._tasks for clip in sample_clips(task)}
        if name not in clips:
            raise ClaError(
                f"There is no sample clip {name!r}.", f"Choose one of {', '.join(clips)}."
            )
        clip = clips[name]
        task = self._tasks[clip.task]
        self._play(task, open_file(task, clip.path), {"source": "sample", "clip": name})

    def listen(self, sample_rate_hz: int) -> None:
        """Take sound from the page's microphone.

        Raises:
            ClaError: the rate is not one of a microphone.
        """
        if sample_rate_hz not in MICROPHONE_RATES_HZ:
            raise ClaError(
                f"A microphone of {sample_rate_hz} Hz cannot be used.",
                "Choose a sample rate from 8000 to 192000 Hz.",
            )
        task = self._task_for("sound")
        stream = sound_stream(task, sample_rate_hz, preview=True)
        shown = {"source": "microphone", "sample_rate_hz": sample_rate_hz}
        self._start(task, stream, shown, live=True)

    def watch(self) -> None:
        """Take pictures from the page's camera."""
        task = self._task_for("video")
        self._start(task, video_stream(task), {"source": "camera"}, live=True)

    def open_device(self, kind: InputKind, index: int) -> None:
        """Take sound or pictures from a device of this machine.

        Raises:
            ClaError: the page is not on this machine, or the device cannot be opened.
        """
        if not self.local:
            raise ClaError(
                "The devices of the server's machine are not for this page.",
                "Use those of the browser, or start the app for its machine alone, with: cla app",
            )
        task = self._task_for(kind)
        self.stop()
        device: Source = Microphone(index) if kind == "sound" else Camera(index)
        shown = {"source": "device", "kind": kind, "device_name": device.name}
        self._feed(task, device, shown, live=True)

    def begin_upload(self, size_bytes: int, name: str, task: str) -> None:
        """Expect a file of this size.

        Raises:
            ClaError: it is empty or too large, or there is no such task.
        """
        self.stop()
        upload = Upload(size_bytes, name)
        self.choose(task)
        self._source = {"source": "upload", "clip": name}
        self._upload = upload

    def take_bytes(self, data: bytes) -> None:
        """Take sound (int16) or a picture (its time and JPEG), or the next bytes of an upload.

        Raises:
            ClaError: they are none.
        """
        if self._upload:
            content = self._upload.add(data)
            if content is not None:
                shown, self._upload = {"source": "upload", "clip": self._upload.name}, None
                self._source = {"source": None}  # until it has been opened
                self._play(self._task, open_file(self._task, content, UPLOAD_LIMITS), shown)
        elif self._session and self._source["source"] == "microphone":
            self._session.push(samples_of(data))
        elif self._session and self._source["source"] == "camera":
            latest_s = time.monotonic() - self._started_s + CLOCK_SLACK_S
            self._session.push(frame_of(data, latest_s))

    def lose(self, samples: int) -> None:
        """Sound of the page's microphone was lost while there was no connection.

        Raises:
            ClaError: more than can have been since the microphone was opened.
        """
        if self._session is None or self._source["source"] != "microphone":
            return
        elapsed_s = time.monotonic() - self._started_s + CLOCK_SLACK_S
        if not 0 <= samples <= elapsed_s * self._source["sample_rate_hz"]:
            raise ClaError(f"{samples} samples cannot have been lost.", "Reload the page.")
        self._session.lose(samples)

    def command(self, command: Command) -> None:
        """Do a command now, or remember it for the next source."""
        match command:
            case SetLandmarks() | SetLanes() | SetLandmarkMode():
                self._wished.apply(command)
                if not self._session:
                    self._tell_lanes()
            case SetSensitivity(enter):
                self._enter = enter
            case Pause():
                self._paused = True
            case Resume():
                self._paused = False
            case _:
                pass
        if self._session:
            self._session.send(command)

    def start_recording(self) -> None:
        """Record the session from here on, as a stream that begins anew.

        Raises:
            ClaError: this server records nothing, nothing is playing, or the shelf is full.
        """
        if self._shelf is None:
            raise ClaError(
                "This server keeps no recordings.", "Run the app on your own machine to record."
            )
        if self._session is None or self._session.wait_finished(0):
            raise ClaError("Nothing is playing.", "Start a sample or a device, then record it.")
        name = self._source.get("clip") or self._source.get("device_name") or self._source["source"]
        self._session.start_recording(self._shelf.recorder(str(name)))

    def stop_recording(self) -> None:
        """End the recording, if there is one."""
        if self._session:
            self._session.stop_recording()

    def drain(self) -> list[Record]:
        """Everything recorded since the last call."""
        told, self._lanes_news = self._lanes_news, None
        records: list[Record] = [told] if told else []
        records += self._session.drain() if self._session else []
        for record in records:
            if isinstance(record, LanesRecord):
                self.lanes = record
            if isinstance(record, RecordingRecord):
                self._recording_from_s = time.monotonic() if record.running else None
        return records

    def ended(self) -> bool:
        """True once, when a clip has been worked on to its end."""
        if self._session and not self._ended_reported and self._session.wait_finished(0):
            self._ended_reported = True
            return True
        return False

    def stop(self) -> None:
        """End the source and its session; may be called again."""
        self._recording_from_s = None
        # The session first: a feeder waits on it.
        if self._session:
            self._session.close()
        if self._feeder:
            self._feeder.close()
        self._session = self._feeder = self._upload = None
        self._source = {"source": None}
        self._tell_lanes()

    @property
    def _recorded_s(self) -> float | None:
        """How long has been recorded; None where nothing is."""
        begin_s = self._recording_from_s
        return None if begin_s is None else round(time.monotonic() - begin_s, 1)

    @property
    def _file_speed(self) -> float | None:
        return None if self._fast else 1.0

    def _task_for(self, kind: InputKind) -> TaskModel:
        """The task that is in use, where it takes this, or the first that does."""
        for task in (self._task, *self._tasks.values()):
            if task.input == kind:
                return task
        raise ClaError(f"There is no task for {kind}.", "Choose another source.")

    def _use(self, task: TaskModel) -> None:
        if task is not self._task:
            self._wished.set_task(task)
            self._task = task
            self._enter = None  # another task's probabilities mean something else
            self._tell_lanes()

    def _tell_lanes(self) -> None:
        """Without a session that does, tell which lanes the next one begins with."""
        self._lanes_news = self._wished.record
        self._listener()

    def _play(self, task: TaskModel, file: FileSource, shown: dict[str, Any]) -> None:
        self._feed(task, file, {**shown, "duration_s": file.duration_s}, live=False)

    def _feed(self, task: TaskModel, source: Source, shown: dict[str, Any], *, live: bool) -> None:
        with ExitStack() as stack:
            stack.callback(source.close)
            session = self._start(task, stream_of(task, source, preview=True), shown, live=live)
            # From here on the feeder closes the source.
            stack.pop_all()
        self._feeder = Feeder(session, source, speed=None if live else self._file_speed)

    def _start(
        self, task: TaskModel, stream: Stream[Any], shown: dict[str, Any], *, live: bool
    ) -> Session[Any]:
        self.stop()
        self._use(task)
        session: Session[Any] = Session(
            task, self._wished.configs, stream, live=live, on_record=lambda: self._listener(),
            kernels=self._kernels,
        )  # fmt: skip
        session.send(SetEmit(True))
        if self._enter is not None:
            session.send(SetSensitivity(self._enter))
        self._session, self._source = session, shown
        self._started_s = time.monotonic()
        self._ended_reported = self._paused = False
        self._lanes_news = session.lanes
        self._listener()
        return session


def fault_of(error: ClaError) -> FaultRecord:
    """An error as a record for the page."""
    return FaultRecord(error.message, error.remedy)
