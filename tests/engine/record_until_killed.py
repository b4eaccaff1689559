"""Records noise or pictures in real time until it is killed; says how far the lanes have come.

Run: python record_until_killed.py sound|pictures FOLDER SECONDS [LARGEST_FILE_BYTES]
"""

import resource
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from tiny_tasks import tiny_sound_task, tiny_video_task
from videos import gradient

from cla.capture import encode_jpeg
from cla.engine import Recorder, RecordingRecord, Session, SoundStream, video_stream
from cla.models import LaneSpec
from cla.telemetry import TokenRecord
from cla.types import EncodedFrame

RATE_HZ = 16_000
PACKET = 640
PICTURES_HZ = 15
LANES = [LaneSpec("full"), LaneSpec("continual_nystrom", 4)]


def main() -> None:
    kind, folder, seconds, *largest = sys.argv[1:]
    torch.set_num_threads(1)
    if largest:
        # What a full disk does, a file that may not grow does too.
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest[0]), resource.RLIM_INFINITY))
    if kind == "sound":
        noise = np.random.default_rng(5).normal(size=RATE_HZ).astype(np.float32) * 0.1
        packets = [noise[at : at + PACKET] for at in range(0, RATE_HZ, PACKET)]
        session = Session(tiny_sound_task(), LANES, SoundStream(RATE_HZ))
        first, every_s = noise, PACKET / RATE_HZ
    else:
        task = tiny_video_task()
        session = Session(task, LANES, video_stream(task))
        packets = [encode_jpeg(gradient(64, 48 + i), 95) for i in range(10)]
        first, every_s = EncodedFrame(packets[0], 0.0), 1 / PICTURES_HZ
    with closing(session):
        session.push(first)
        while not session.drain(timeout_s=1):
            pass  # first steps load compiled code
        session.start_recording(Recorder(folder))
        begin = time.monotonic()
        for index in range(int(float(seconds) / every_s)):
            time.sleep(max(0.0, begin + index * every_s - time.monotonic()))
            packet = packets[index % len(packets)]
            session.push(EncodedFrame(packet, index * every_s) if kind == "pictures" else packet)
            for record in session.drain():
                if isinstance(record, TokenRecord):
                    print(record.token, flush=True)
                elif isinstance(record, RecordingRecord) and record.reason:
                    print(f"ended: {record.reason.message}", flush=True)


if __name__ == "__main__":
    main()
