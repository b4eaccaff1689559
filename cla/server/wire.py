"""What a live session says to its client, as headers and arrays; and how pages are written it.

In the format `arrays` a message is binary: a little-endian uint32, the length of a JSON header, the
header, zero to three spaces so that what follows is aligned, and the float32 arrays that the header
lists under `arrays` as [name, shape], one after the other. The protocol is in docs/streaming.md.
"""

import base64
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cla.engine import (
    FaultRecord,
    FillRecord,
    FrameRecord,
    LanePast,
    LanesRecord,
    MapRecord,
    NoticeRecord,
    Record,
    RecordingRecord,
    SoundRecord,
)
from cla.errors import ClaError
from cla.telemetry import LaneRecord, TokenRecord
from cla.texts import FALLBACK
from cla.types import Correction

Arrays = Mapping[str, NDArray[np.float32]]
Said = tuple[dict[str, Any], Arrays]
"""A message: its header, and its arrays by name."""


def plain(value: Any) -> str:
    """What messages write a sentence as, which is more than its text."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not for messages")


def encode(header: Mapping[str, Any], arrays: Arrays) -> bytes:
    """One message for the page."""
    listed = [[name, list(array.shape)] for name, array in arrays.items()]
    text = msgspec.json.encode({**header, "arrays": listed}, enc_hook=plain)
    text += b" " * (-len(text) % 4)
    parts = [np.ascontiguousarray(array, dtype="<f4").tobytes() for array in arrays.values()]
    return b"".join([struct.pack("<I", len(text)), text, *parts])


def message_of(record: Record, language: str = FALLBACK) -> Said:
    """A session's record as a message; what a fault says is in the client's language."""
    match record:
        case TokenRecord():
            return _token(record)
        case LanesRecord():
            lanes = lane_headers(record)
            header = {"type": "lanes", "lanes": lanes, "heard": record.heard}
            return _with_past(header, record.past)
        case FrameRecord():
            return _frame(record)
        case SoundRecord(time_s, peaks):
            return {"type": "sound", "time_s": time_s}, {"peaks": peaks}
        case MapRecord(lane, factors):
            return {"type": "map", "lane": lane}, factors
        case Correction():
            told = {"label": record.label, "token": record.token, "tokens": record.tokens}
            return {"type": "correction", **told}, {}
        case FillRecord(share, past):
            return _with_past({"type": "fill", "share": round(share, 3)}, past)
        case NoticeRecord(notice):
            return {"type": "notice", "message": notice.said(language)}, {}
        case FaultRecord(error, fatal):
            return {"type": "fault", **why(error, language), "fatal": fatal}, {}
        case RecordingRecord(name, running, duration_s, reason):
            begun = {"name": name, "running": running, "duration_s": duration_s}
            return {"type": "recording", **begun, **why(reason, language)}, {}


def _with_past(header: dict[str, Any], past: Mapping[str, LanePast]) -> Said:
    events = {name: lane.events for name, lane in past.items()}
    rows = {f"{name}/past": lane.probabilities for name, lane in past.items()}
    return {**header, "past": events}, rows


def lane_headers(record: LanesRecord) -> list[dict[str, Any]]:
    """Descriptions of the lanes for a page."""
    return [
        {
            "name": lane.name,
            "text": str(lane.config),
            **asdict(lane.config),
            "average": lane.average,
            "published": lane.published,
            "exact": lane.exact,
            "crossing": lane.crossing,
            "curve": lane.curve,
        }
        for lane in record.lanes
    ]


def why(error: ClaError | None, language: str) -> dict[str, Any]:
    """An error by its key and values, and in words; empty where there is none."""
    if error is None:
        return {"key": "", "values": {}, "message": "", "remedy": ""}
    return {
        "key": error.key,
        "values": dict(error.values),
        "message": error.message.said(language),
        "remedy": error.remedy.said(language),
    }


def _token(record: TokenRecord) -> Said:
    arrays = {}
    for lane in record.lanes:
        arrays[f"{lane.lane}/probabilities"] = lane.probabilities
        if lane.attention is not None:
            arrays[f"{lane.lane}/attention"] = lane.attention
        if lane.stretches is not None:
            arrays[f"{lane.lane}/stretches"] = lane.stretches.astype(np.float32)
    header = {
        "type": "token",
        "token": record.token,
        "time_s": record.time_s,
        "queue_ms": round(record.queue_ms, 2),
        "behind_s": round(record.behind_s, 3),
        "gap_s": round(record.gap_s, 3),
        "dropped_frames": record.dropped_frames,
        "lanes": [_lane_header(lane) for lane in record.lanes],
    }
    return header, arrays


def _frame(record: FrameRecord) -> Said:
    picture = record.picture
    header = {
        "type": "frame",
        "time_s": record.time_s,
        "taken_s": record.taken_s,
        "hands": [
            {"handedness": hand.handedness, "presence": round(hand.presence, 3)}
            for hand in record.hands
        ],
        "picture": base64.b64encode(picture).decode() if picture else None,
    }
    return header, {f"hand/{i}": hand.points for i, hand in enumerate(record.hands)}


def _lane_header(lane: LaneRecord) -> dict[str, Any]:
    rare = {
        **({} if lane.answered else {"answered": False}),
        **({"reads_every": lane.reads_every} if lane.reads_every > 1 else {}),
        **({"age": lane.age} if lane.age else {}),
    }
    return {
        **rare,
        "lane": lane.lane,
        "label": lane.label,
        "probability": round(lane.probability, 4),
        "valid_tokens": lane.valid_tokens,
        "compute_ms": round(lane.compute_ms, 4),
        "showing_ms": round(lane.showing_ms, 4),
        "ops": lane.ops,
        "total_ops": lane.total_ops,
        "rebuilds": lane.rebuilds,
        "state_bytes": lane.state_bytes,
        "event": lane.event._asdict() if lane.event else None,
    }
