"""The model card: what the key model is made of, how well it does, what it cannot."""

from collections.abc import Mapping
from typing import Any

from cla.training.recipe import need_of_attention, package_lines, training_lines
from cla.training.train import TrainConfig
from recipes.key.render import SOUND_FONT
from recipes.key.scores import MUSIC21
from recipes.key.sets import KEPT, SETS

LIMITS = (
    "Trained and tested on music played by one sound font, in rooms and noise that were mixed, not "
    "recorded. Not tried: recordings of musicians, singing, distorted guitars.",
    "24 keys of major and minor. Modes, blues, music of more than one key at once or of none are "
    "named as the nearest of them.",
    "Three of four tokens of pieces alone are right at best, fewer where keys move often: after a "
    "change the old key is named for a while, the longer the window. 80 % were aimed at.",
    "Windows longer than a piece hold the one before too, see `windows` on composers: positions "
    "earn little, since training windows were thinned.",
    "Trained for 800 steps. A further phase with every token of the windows, or with windows "
    "thinned less, gave no more; which weights are kept was decided in sight of the set alone.",
    "Continual landmarks were not measured, nor the streams `pieces`; of `composers` windows are "
    "of four of the eight streams.",
    "One score of each tune is as written in its book: an air in a mode may be called major.",
)


def model_card(
    figures: Mapping[str, Any], windows: Mapping[str, Any], config: TrainConfig
) -> dict[str, Any]:
    """Everything the card says beside what loading needs.

    Args:
        figures: of the tested streams, by set and lane.
        windows: share of tokens of music right, by window, lane and set.
    """
    return {
        "task": "The key of the music that is playing: 12 major, 12 minor, and none; one token "
        "each 100 ms.",
        "training_data": [
            f"{made.streams} streams of {made.length_s:.0f} s, {_parts(made.shares)}"
            for made in SETS.values()
            if made.trained
        ]
        + [
            "songs are made up by rule: chords, bass, melody, beat; the other pieces are scores of "
            "music out of copyright, none whose encoding reserves its rights or forbids commercial "
            "use; played in random keys, tempi, instruments and tunings; each stream is learned in "
            "all twelve keys, its bins moved, none made up at the edges; not included:",
            *package_lines((MUSIC21, SOUND_FONT)),
            "Noise between and behind pieces: ESC-10 (K. J. Piczak, CC BY 3.0) but for its last "
            "fold, and synthetic.",
        ],
        "test_data": [
            f"{name}: {made.streams} streams of {made.length_s:.0f} s, {_parts(made.shares)}"
            for name, made in SETS.items()
            if not made.trained
        ]
        + [
            "alone: one piece each, as played, without room and noise. pieces: one score of "
            f"{KEPT} of each collection, never trained on. composers: Mozart, "
            "Robert Schumann, Joplin, Corelli, Handel, Verdi, Schubert, C. P. E. Bach, of "
            "whom nothing is trained on. Noise of ESC-10's last fold."
        ],
        "labels": "Tunes and airs: the key that is written, the dorian mode taken for minor, other "
        "modes left out. Other scores: the most likely way through the keys by the notes of each "
        "quarter (profiles of Temperley, Kostka and Payne; a hidden Markov model), near to the "
        "signature; a key that is left within 20 s is no modulation.",
        "tokens": "Square root of the magnitude around 120 half semitones, C2 to C7, of 256 ms.",
        "attention": need_of_attention(
            figures["alone: ablation"], "key_tokens_right", "pieces alone"
        ),
        "training": training_lines(config),
        "figures": dict(figures),
        "windows": dict(windows),
        "limits": list(LIMITS),
        "license": "Apache-2.0",
    }


def _parts(shares: Mapping[str, float]) -> str:
    total = sum(shares.values())
    return ", ".join(f"{name} {100 * share / total:.0f} %" for name, share in shares.items())
