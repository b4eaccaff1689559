"""What went wrong while a command went on."""

from cla.cli.terminal import complain, warn
from cla.engine import FaultRecord, Record, RecordingRecord
from cla.errors import ClaError

MOST = 20


class Faults:
    """Says every fault that a session tells of, as it comes, and each but once.

    Attributes:
        met: whether there was any.
    """

    def __init__(self) -> None:
        self.met = False
        self._said: set[str] = set()

    def take(self, record: Record) -> None:
        """Look at a record; one that is no fault is passed over."""
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
