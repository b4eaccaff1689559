"""What one page plays: what it asks is done, one source in the place of another."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from cla.engine import (
    Command,
    Kernels,
    LanesRecord,
    Pause,
    Record,
    RecordingRecord,
    Resume,
    SetEmit,
    SetLanes,
    SetSensitivity,
)
from cla.errors import ClaError
from cla.models import TaskModel
from cla.server.filling import Filling
from cla.server.messages import (
    EndSource,
    FillWindows,
    Give,
    LaneChange,
    Listen,
    Lost,
    Message,
    NameLanes,
    OpenDevice,
    Sample,
    SetFast,
    SetRecording,
    Stop,
    Upload,
    Watch,
)
from cla.server.playing import Playing
from cla.server.shelf import Shelf
from cla.server.shown_lanes import lanes_of
from cla.server.sources import Opened, open_device, open_features, open_sample, open_upload
from cla.server.upload import IncomingFile
from cla.server.wishes import Wishes
from cla.types import InputKind


class Stage:
    """One page's session; a new source takes the place of the one before.

    `do` and `upload` may take long and take turns with each other; all else waits for nothing.

    Args:
        tasks: what can be recognized, by name.
        on_record: called from worker threads whenever there is something to `drain`.
        local: whether the page is open on this very machine, whose devices it may then use.
        shelf: where its sessions are recorded; None where nothing is.
        kernels: as of `Session`.
        emit: whether records carry attention rows until it is asked otherwise.

    Attributes:
        lanes: those of what has been drained.
    """

    def __init__(
        self,
        tasks: Mapping[str, TaskModel],
        on_record: Callable[[], None],
        *,
        local: bool = False,
        shelf: Shelf | None = None,
        kernels: Kernels | None = None,
        emit: bool = True,
    ) -> None:
        self.local = local
        self._on_record = on_record
        self._shelf = shelf
        self._kernels = kernels
        self._wishes = Wishes(tasks, emit=emit)
        self.lanes = self._wishes.lanes.record
        self._lanes_news: LanesRecord | None = None
        self._incoming: IncomingFile | None = None
        self._uploaded: bytes | None = None
        self._filling: Filling | None = None
        self._playing: Playing | None = None
        self._recording_from_s: float | None = None
        self._paused = self._closed = False
        self._turn = threading.Lock()

    @property
    def uploading(self) -> bool:
        """Whether the bytes that come are those of a file; else a device of the page gives them."""
        return self._incoming is not None

    @property
    def hop_s(self) -> float:
        """Time between tokens."""
        return self._wishes.task.hop_s

    def settings(self) -> dict[str, Any]:
        """What the page shows of the stage."""
        playing, incoming, begin_s = self._playing, self._incoming, self._recording_from_s
        source = {"source": "upload", "clip": incoming.name} if incoming else {"source": None}
        return {
            **(playing.shown if playing else source),
            "paused": self._paused,
            "recorded_s": None if begin_s is None else round(time.monotonic() - begin_s, 1),
            **self._wishes.as_dict(),
        }

    def know(self, tasks: Mapping[str, TaskModel]) -> None:
        """Let the page run these tasks; what runs under a name that now means another one ends."""
        self._wishes.tasks = tasks
        used = self._wishes.task
        if tasks.get(used.name, used) is not used:
            with self._turn:
                self._use(tasks[used.name])

    def feed(self, data: bytes) -> None:
        """Take sound (int16), a picture (its time and JPEG) or features (float32) of the client.

        Raises:
            ClaError: it is not what was announced.
        """
        if self._playing:
            self._playing.feed(data)

    def upload(self, data: bytes) -> None:
        """Take the next bytes of a file; once they are all there, it plays.

        Raises:
            ClaError: it cannot be played.
        """
        with self._turn:
            content = self._incoming.add(data) if self._incoming else None
            if self._incoming and content is not None:
                name, self._incoming = self._incoming.name, None
                self._play(open_upload(content, name, self._wishes.task))
                self._uploaded = content

    def do(self, asked: Message) -> None:
        """Do what the page asks.

        Raises:
            ClaError: it cannot be done.
        """
        with self._turn:
            if not self._closed:
                self._do(asked)

    def _do(self, asked: Message) -> None:
        if isinstance(asked, Listen | Watch | Give | OpenDevice | Stop) and asked.task is not None:
            self._use(self._wishes.task_named(asked.task))
        match asked:
            case Sample(clip):
                self._play(open_sample(clip, self._wishes.tasks))
            case Listen():
                self._play(open_device(asked, self._wishes.task_for("sound")))
            case Give():
                self._play(open_features(self._wishes.task))
            case Watch():
                self._play(open_device(asked, self._wishes.task_for("video")))
            case OpenDevice(kind):
                self._open_here(asked, kind)
            case Upload(size_bytes, name, task):
                self._stop()
                incoming = IncomingFile(size_bytes, name)
                self._use(self._wishes.task_named(task))
                self._incoming = incoming
            case Lost(samples):
                if self._playing:
                    self._playing.lose(samples)
            case EndSource():
                if self._playing:
                    self._playing.finish()
                    self._on_record()
            case SetFast(fast):
                self._wishes.fast = fast
                if self._playing:
                    self._playing.set_speed(self._wishes.file_speed)
            case NameLanes(text):
                self._command(SetLanes(lanes_of(text)))
            case FillWindows():
                self._fill()
            case SetRecording(on):
                self._record() if on else self._stop_recording()
            case Stop():
                self._stop()
            case _:
                self._command(asked)

    def drain(self) -> list[Record]:
        """Everything recorded since the last call."""
        told, self._lanes_news = self._lanes_news, None
        records: list[Record] = [told] if told else []
        records += self._playing.session.drain() if self._playing else []
        for record in records:
            if isinstance(record, LanesRecord):
                self.lanes = record
            if isinstance(record, RecordingRecord):
                self._recording_from_s = time.monotonic() if record.running else None
        return records

    def ended(self) -> bool:
        """True once, when a source has been worked on to its end."""
        return self._playing is not None and self._playing.ended()

    def close(self) -> None:
        """End the session for good, after what is in work; may be called again."""
        with self._turn:
            self._closed = True
            self._stop()

    def _command(self, command: Command) -> None:
        """Do a command now, or remember it for the next source."""
        if isinstance(command, LaneChange):
            self._refuse_while_filling()
            self._wishes.lanes.apply(command)
            if not self._playing:
                self._tell_lanes(self._wishes.lanes.record)
        match command:
            case SetSensitivity(enter):
                self._wishes.enter = enter
            case SetEmit(emit):
                self._wishes.emit = emit
            case Pause() | Resume():
                self._paused = isinstance(command, Pause)
            case _:
                pass
        if self._playing:
            self._playing.session.send(command)

    def _open_here(self, asked: OpenDevice, kind: InputKind) -> None:
        if not self.local:
            raise ClaError("devices_not_for_page")
        task = self._wishes.task_for(kind)
        self._stop()  # the device may be the one that plays
        self._play(open_device(asked, task))

    def _play(self, opened: Opened) -> None:
        self._stop()
        self._use(opened.task)
        wishes = self._wishes
        playing = Playing(
            opened, wishes.lanes.configs, wishes.first_commands, self._on_record, self._kernels
        )
        self._paused = False
        self._playing = playing
        self._tell_lanes(playing.session.lanes)
        playing.start(wishes.file_speed)

    def _stop(self) -> None:
        playing, self._playing = self._playing, None
        self._recording_from_s = self._incoming = self._uploaded = None
        if playing:
            playing.close()
        self._tell_lanes(self._wishes.lanes.record)

    def _fill(self) -> None:
        """Put a long recording before the stream that plays."""
        if self._playing is None or self._playing.finished:
            raise ClaError("filling_without_source")
        self._refuse_while_filling()
        self._filling = Filling(self._playing, self._uploaded)

    def _refuse_while_filling(self) -> None:
        if self._filling and self._filling.running:
            raise ClaError("filling_runs")

    def _record(self) -> None:
        """Record the session from here on, as a stream that begins anew."""
        if self._shelf is None:
            raise ClaError("recording_not_offered")
        if self._playing is None or self._playing.finished:
            raise ClaError("recording_without_source")
        shown = self._playing.shown
        if shown["source"] == "features":
            raise ClaError("recording_of_features")
        name = shown.get("clip") or shown.get("device_name") or shown["source"]
        self._playing.session.start_recording(self._shelf.recorder(str(name)))

    def _stop_recording(self) -> None:
        if self._playing:
            self._playing.session.stop_recording()

    def _use(self, task: TaskModel) -> None:
        """Use this task for what comes next; what plays of another one ends."""
        if task is not self._wishes.task:
            self._wishes.use(task)
            self._stop()

    def _tell_lanes(self, lanes: LanesRecord) -> None:
        """Tell which lanes there are: the session's, or those with which the next one begins."""
        self._lanes_news = lanes
        self._on_record()
