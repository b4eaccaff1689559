"""What went wrong while a command went on."""

from cla.cli.terminal import complain, warn
from cla.engine import FaultRecord, Record, RecordingRecord
from cla.errors import ClaError

MOST = 20


class Faults:
    """Reports the faults of a session as they come, each of them once.

    Attributes:
        met: whether there was any.
    """

    def __init__(self) -> None:
        self.met = False
        self._said: set[str] = set()

    def take(self, record: Record) -> None:
        """Take a record; only faults are reported."""
        match record:
            case FaultRecord(error) | RecordingRecord(reason=ClaError() as error):
                pass
            case _:
                return
        self.met = True
        if error.message in self._said or len(self._said) > MOST:
            return
        self._said.add(error.message)
        if len(self._said) > MOST:
            warn("There are more faults, which are not said.")
        else:
            complain(error)
