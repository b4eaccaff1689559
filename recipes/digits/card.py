"""The model card: what the digits model is made of, how well it does, what it cannot."""

from typing import Any

from cla.training.recipe import package_lines, training_lines
from cla.training.train import TrainConfig
from recipes.digits.kinds import REFINING_STREAMS, TRAINING_STREAMS
from recipes.digits.labels import HOLD_S, SHORTEST_HOLD_S
from recipes.digits.phases import lagging_phase, rooms_phase, voices_phase
from recipes.digits.sources import TEST_PACKAGES, TRAINING_PACKAGES
from recipes.digits.voices import ROOM_STREAMS, SPEAKERS, VOICE_STREAMS

LIMITS = (
    "English digits, said as separate words. Numbers such as forty-two are no digits; words that "
    "sound like one (for, ate, won, too) are heard as the digit, and of others that come near "
    "(tree, sex, vine) nearly one in two: 47 events on 105 of synthetic voices.",
    "Real voices in training are those of three men, the bulk is synthetic. Not tried on children, "
    "in real rooms, or on other microphones than those of the recordings.",
    "Another voice behind loses most words: of left-out speakers about two in five are found where "
    "voices lie 20 dB below theirs, one in six at 10 dB.",
    "One of the three, whose three sounds like eight, is found in 85 % of clean words, the others "
    "in 93 and 99 %.",
    "Windows: settings of events are those of 120 tokens, for which the weights were trained. With "
    "the same settings longer windows say less, see `windows`: false events go, and with them 4 to "
    "7 of 100 words. 30 tokens (2.4 s) find 3 of 100 words fewer than 120 and make three times as "
    "many false events: digits need no more than some seconds. Where a label counts from 0.4 on, "
    "480 tokens make as many false events as 120 do and find 95 of 100 words, with 5 wrong ones.",
    "Tried and not kept. Windows of 30 to 4,096 tokens at random in training and more voices "
    "behind (one left-out speaker, at as many false events): 12 to 15 words in 100 more under "
    "voices at 20 dB, 4 to 12 fewer in rain and rooms. Teaching all windows what that of 120 "
    "tokens says (all three speakers, at as many false events): 2 fewer of 100 clean words.",
    "Two layers, a second one trained on top over random windows (one left-out speaker, at as many "
    "false events), find as many words as one of the same training, within 1 in 100: no such "
    "weights are shipped.",
    "Event settings were chosen on left-out speakers, those of each speaker on the other two; what "
    "a false event costs and the part of the weights that is kept with a view to all of them.",
    "Sensitivity: words found are those of left-out speakers, clean, by weights without them; "
    "false events are those of the shipped weights on speech of other tongues, words near to "
    "digits, music and sounds.",
    "The weights before the phase `rooms` were made by this recipe when French was the only speech "
    "of real voices without digits. The later streams draw on 5,604 of the 7,004 utterances of the "
    "plan, and so do the sets of near-miss words and those for tuning. Stages ran one by one.",
    "A recognizer for demonstration and study; nothing that matters should depend on it.",
)


def model_card(
    figures: dict[str, Any], report: dict[str, Any], config: TrainConfig
) -> dict[str, Any]:
    """Everything the card says beside what loading needs.

    Args:
        report: of speakers that were left out, and the points of sensitivity.
    """
    training_streams = sum(made.count for made in TRAINING_STREAMS.values())
    refining_streams = sum(made.count for made in REFINING_STREAMS.values())
    voice_streams = sum(made.count for made in (ROOM_STREAMS | VOICE_STREAMS).values())
    return {
        "task": "Spoken digits zero to nine from speech embeddings, one token each 80 ms.",
        "training_data": [
            "Synthetic speech: espeak-ng (voice variants), flite, Kokoro (several languages).",
            f"{training_streams} streams of 40 s, with gaps, noise, rooms and telephone lines.",
            f"{refining_streams} more, most of tight runs, slow and fast voices, gliding sounds.",
            f"{voice_streams} more of voices in rooms: {', '.join(SPEAKERS)} of the Free Spoken "
            "Digit Dataset (Zohar Jackson and others, CC BY-SA 4.0), synthetic voices, and sounds "
            "of ESC-10 (K. J. Piczak, CC BY 3.0) but for its last fold.",
            *package_lines(TRAINING_PACKAGES),
        ],
        "test_data": [
            "The English prompts are one real voice, which also reads the Spanish ones; neither "
            "was used in training or tuning.",
            "Left out: each speaker's takes 0 to 14, judged by weights that were trained without "
            "that speaker, under noise of recordings and in rooms that nothing was trained on.",
            "Sounds: the last fold of ESC-10.",
            *package_lines(TEST_PACKAGES),
        ],
        "label": f"the digit from 40 ms before the word's end to {HOLD_S} s after it, or to "
        f"the next word's onset, but for {SHORTEST_HOLD_S} s at least",
        "training": training_lines(config),
        "refinement": training_lines(lagging_phase(config)),
        "rooms": training_lines(rooms_phase(config)),
        "voices": training_lines(voices_phase(config)),
        "figures": figures,
        **report,
        "limits": list(LIMITS),
        "license": "Apache-2.0",
    }
