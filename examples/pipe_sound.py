"""What is heard in sound that another program pipes in, as raw 16-bit samples at 16 kHz.

ffmpeg -loglevel error -i talk.mp3 -f s16le -ac 1 -ar 16000 - | python examples/pipe_sound.py URL
gst-launch-1.0 -q autoaudiosrc ! audioconvert ! audioresample \\
    ! audio/x-raw,format=S16LE,channels=1,rate=16000 ! fdsink | python examples/pipe_sound.py URL
"""

import sys

import cla.client


def main(url: str) -> None:
    """Print time, lane and label of each event."""
    for record in cla.client.stream(url, cla.client.pcm(sys.stdin.buffer)):
        if record["type"] == "fault":
            print(record["message"], record["remedy"], file=sys.stderr)
        for lane in record["lanes"] if record["type"] == "token" else ():
            if event := lane["event"]:
                print(f"{event['time_s']:.2f} {lane['lane']} {event['label']}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
