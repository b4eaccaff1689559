"""Records of a session that have not been read yet."""

from collections import deque

from cla.engine.records import FrameRecord, LanesRecord, Record

MAX_RECORDS = 2048


class Outbox:
    """A bounded ring of records; of pictures only the newest is of interest to who looks on."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=MAX_RECORDS)
        self._frame: FrameRecord | None = None
        self._lanes: LanesRecord | None = None

    def __bool__(self) -> bool:
        return bool(self._records) or self._frame is not None

    @property
    def full(self) -> bool:
        """Whether the next record would push the oldest out."""
        return len(self._records) == MAX_RECORDS

    def put(self, record: Record) -> None:
        """Add a record."""
        if isinstance(record, FrameRecord):
            self._frame = record
            return
        if self.full:
            oldest = self._records.popleft()
            # Without it, nobody could tell whose the records after it are.
            self._lanes = oldest if isinstance(oldest, LanesRecord) else self._lanes
        self._records.append(record)

    def take(self) -> list[Record]:
        """Everything that is there, oldest first and the picture last."""
        records = list(self._records)
        if self._lanes:
            records.insert(0, self._lanes)
        if self._frame:
            records.append(self._frame)
        self._records.clear()
        self._frame = self._lanes = None
        return records
