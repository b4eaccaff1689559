"""Records noise in real time until it is killed; says how far the lanes have come.

Run: python record_until_killed.py FOLDER SECONDS [LARGEST_FILE_BYTES]
"""

import resource
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from tiny_tasks import tiny_sound_task

from cla.engine import LaneConfig, Recorder, RecordingRecord, Session, SoundStream
from cla.telemetry import TokenRecord

RATE_HZ = 16_000
PACKET = 640


def main() -> None:
    folder, seconds, *largest = sys.argv[1:]
    torch.set_num_threads(1)
    if largest:
        # What a full disk does, a file that may not grow does too.
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest[0]), resource.RLIM_INFINITY))
    lanes = [LaneConfig("full"), LaneConfig("continual_nystrom", 4)]
    session = Session(tiny_sound_task(), lanes, SoundStream(RATE_HZ))
    noise = np.random.default_rng(5).normal(size=RATE_HZ).astype(np.float32) * 0.1
    with closing(session):
        session.push(noise)
        while not session.drain(timeout_s=1):
            pass  # first steps load compiled code
        session.start_recording(Recorder(folder))
        begin = time.monotonic()
        for packet in range(int(float(seconds) * RATE_HZ / PACKET)):
            time.sleep(max(0.0, begin + packet * PACKET / RATE_HZ - time.monotonic()))
            at = packet * PACKET % RATE_HZ
            session.push(noise[at : at + PACKET])
            for record in session.drain():
                if isinstance(record, TokenRecord):
                    print(record.token, flush=True)
                elif isinstance(record, RecordingRecord) and record.message:
                    print(f"ended: {record.message}", flush=True)


if __name__ == "__main__":
    main()
