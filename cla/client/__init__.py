"""Speak to a live server from a program: `cla serve`, or the app; without torch and NumPy::

    for record in cla.client.stream("http://localhost:8600", cla.client.microphone()):
        print(record)

A record is a message of docs/streaming.md, a dictionary whose `type` says what it is.
"""

from cla.client.connecting import astream, stream
from cla.client.messages import Record
from cla.client.refused import Refused
from cla.client.sources import Source, features, jpegs, microphone, pcm, sample

__all__ = [
    "Record",
    "Refused",
    "Source",
    "astream",
    "features",
    "jpegs",
    "microphone",
    "pcm",
    "sample",
    "stream",
]
