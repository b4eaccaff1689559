"""Notes as sound: a MIDI file, played by Debian's fluidsynth with a free sound font."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cla.datasets import SAMPLE_RATE_HZ, Package, fetch, load_audio
from cla.errors import ClaError

SOUND_FONT = Package(
    "debian", "fluid-soundfont-gm", "3.1-5.3", "fluid-soundfont-gm_3.1-5.3_all.deb",
    "6f531493ac4e4d9772fd96b2488ea1790af81c196135fbdd25997da0781fc60e", "MIT",
)  # fmt: skip
TICKS = 480
"""To the quarter."""
DRUMS = 9
"""The channel of percussion."""
BEND_CENTS = 200.0
"""Of a pitch wheel that is turned all the way."""
RENDER_TIMEOUT_S = 120


class Played(NamedTuple):
    """Notes and how they are played.

    Args:
        programs: of General MIDI, one for each part; a part beyond them takes them in turn.
        cents: how far all is tuned up.
        drums: the part that is percussion.

    Shapes:
        notes: (K, 4): onset and length in quarters, MIDI pitch, part
        velocities: (K,)
    """

    notes: NDArray[np.float32]
    velocities: NDArray[np.int64]
    programs: Sequence[int]
    quarters_per_minute: float
    cents: float = 0.0
    drums: int = -1
    reverb: bool = False


def sound_font(downloads: Path) -> Path:
    """The file of the sound font.

    Raises:
        ClaError: its package cannot be fetched.
    """
    return next(fetch(SOUND_FONT, downloads).rglob("FluidR3_GM.sf2"))


def rendered(played: Played, font: Path) -> NDArray[np.float32]:
    """The samples at 16 kHz, (S,); the last note rings out.

    Raises:
        ClaError: there is no fluidsynth.
    """
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "score.mid", Path(folder) / "sound.wav"
        write_midi(played, score)
        reverb = "1" if played.reverb else "0"
        command = [
            "fluidsynth", "-q", "-n", "-i", "-R", reverb, "-C", "0", "-g", "0.4",
            "-o", "synth.dynamic-sample-loading=1",
            "-r", str(SAMPLE_RATE_HZ), "-F", str(sound), str(font), str(score),
        ]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=RENDER_TIMEOUT_S)
        except FileNotFoundError as error:
            raise ClaError("packing_program_missing", program="fluidsynth") from error
        return load_audio(sound)


def write_midi(played: Played, path: Path) -> None:
    """Write a MIDI file of one track."""
    import mido

    channels = [one for one in range(16) if one != DRUMS]
    file = mido.MidiFile(ticks_per_beat=TICKS)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(played.quarters_per_minute)))
    for place, channel in enumerate(channels):
        program = int(played.programs[place % len(played.programs)])
        track.append(mido.Message("program_change", channel=channel, program=program))
        bend = round(played.cents / BEND_CENTS * 8192)
        track.append(mido.Message("pitchwheel", channel=channel, pitch=bend))
    events = []
    rows = zip(played.notes.tolist(), played.velocities.tolist(), strict=True)
    for (onset, length, pitch, part), velocity in rows:
        channel = DRUMS if part == played.drums else channels[int(part) % len(channels)]
        note = {"note": int(pitch), "channel": channel}
        begin, end = round(onset * TICKS), round((onset + length) * TICKS)
        events.append((begin, 1, mido.Message("note_on", velocity=velocity, **note)))
        events.append((max(begin + 1, end), 0, mido.Message("note_off", **note)))
    now = 0
    for tick, _, message in sorted(events, key=lambda one: one[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    file.save(path)
