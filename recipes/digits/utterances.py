"""The plan of what is synthesized: who says which text, in what manner."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cla.evaluation.digits import DIGITS
from recipes.digits.engines import Manner
from recipes.digits.vocabulary import (
    FOREIGN_LANGUAGES,
    FOREIGN_PHRASES,
    FOREIGN_SENTENCES,
    NEAR_WORDS,
    OTHER_WORDS,
    SENTENCES,
)

ESPEAK_ACCENTS = (
    "en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd",
    "en-029", "en-us-nyc",
)  # fmt: skip
ESPEAK_VOICES = tuple(
    """
    adam Alex Alicia Andrea Andy Annie aunty belinda benjamin boris caleb david Denis Diogo ed
    edward Gene Gustave Henrique Hugo iven Jacky john kaukovalta Lee linda Marco Mario max Michael
    michel Mike Nguyen pablo paul pedro quincy rob robert sandro shelby steph steph2 travis victor
    Zac anika grandma grandpa f1 f2 f3 f4 f5 m1 m2 m3 m4 m5 m6 m7 m8 klatt klatt2 klatt3 klatt4
    """.split()
)
FLITE_VOICES = ("kal16", "awb", "rms", "slt")
KOKORO_ENGLISH = tuple(
    """
    af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_nova af_river af_sarah
    af_sky am_adam am_echo am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa bf_alice
    bf_emma bf_isabella bf_lily bm_daniel bm_fable bm_george bm_lewis
    """.split()
)
KOKORO_FOREIGN = tuple(
    """
    ef_dora em_alex em_santa ff_siwis hf_alpha hf_beta hm_omega hm_psi if_sara im_nicola jf_alpha
    jf_gongitsune jf_nezumi jf_tebukuro jm_kumo pf_dora pm_alex pm_santa zf_xiaobei zf_xiaoni
    zf_xiaoxiao zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang
    """.split()
)
# Never trained on: thresholds are tuned on them.
HELD_OUT_VOICES = frozenset(
    ("af_kore", "am_puck", "bf_lily", "bm_daniel", "hm_psi", "if_sara", "rms", "f3", "m7", "Lee")
)
BLENDS = 60
ENDINGS = (".", ".", ",", "?", "!")


@dataclass(frozen=True)
class Utterance:
    """One thing to say; `text` of a single word is its own label."""

    engine: str
    text: str
    language: str
    voice: str
    manner: Manner

    @property
    def word(self) -> str:
        """The text without its closing punctuation."""
        return self.text.rstrip(".,?!")

    @property
    def held_out(self) -> bool:
        """Whether a held-out voice speaks."""
        return not HELD_OUT_VOICES.isdisjoint(self.voice.split(":"))


def plan(seed: int) -> Iterator[Utterance]:
    """All utterances of the training set, the same for the same seed."""
    rng = np.random.default_rng(seed)
    yield from _kokoro_digits(rng)
    yield from _espeak_words(rng)
    yield from _flite_words(rng)
    yield from _kokoro_others(rng)
    yield from _kokoro_foreign(rng)
    yield from _kokoro_blends(rng)
    yield from _espeak_phrases(rng)


def _manner(rng: np.random.Generator) -> Manner:
    return Manner(float(rng.uniform(0.75, 1.3)), float(rng.uniform(0.75, 1.3)))


def _accent(voice: str, rng: np.random.Generator) -> str:
    if voice.startswith("b"):
        return str(rng.choice(("en-gb", "en-gb-x-rp", "en-us")))
    return str(rng.choice(("en-us", "en-us", "en-us", "en-gb-x-rp")))


def _spoken(text: str, voice: str, rng: np.random.Generator) -> Utterance:
    ending = str(rng.choice(ENDINGS))
    return Utterance("kokoro", text + ending, _accent(voice, rng), voice, _manner(rng))


def _kokoro_digits(rng: np.random.Generator) -> Iterator[Utterance]:
    for voice in KOKORO_ENGLISH + KOKORO_FOREIGN:
        for word in DIGITS:
            yield _spoken(word, voice, rng)


def _kokoro_others(rng: np.random.Generator) -> Iterator[Utterance]:
    voices = KOKORO_ENGLISH + KOKORO_FOREIGN
    for words, draws in ((NEAR_WORDS, 4), (OTHER_WORDS, 2), (SENTENCES, 4)):
        for word in words:
            for voice in rng.choice(voices, draws, replace=False):
                yield _spoken(word, str(voice), rng)


def _kokoro_foreign(rng: np.random.Generator) -> Iterator[Utterance]:
    voices = KOKORO_ENGLISH + KOKORO_FOREIGN
    for language in FOREIGN_LANGUAGES:
        for voice in rng.choice(voices, 3, replace=False):
            text = FOREIGN_SENTENCES[language]
            yield Utterance("kokoro", text, language, str(voice), _manner(rng))
        for number in range(10):
            for voice in rng.choice(voices, 2, replace=False):
                yield Utterance("kokoro", f"{number}.", language, str(voice), _manner(rng))
        for _ in range(8):
            numbers = ", ".join(str(rng.integers(0, 100)) for _ in range(6))
            voice = str(rng.choice(voices))
            yield Utterance("kokoro", f"{numbers}.", language, voice, _manner(rng))


def _kokoro_blends(rng: np.random.Generator) -> Iterator[Utterance]:
    voices = [v for v in KOKORO_ENGLISH + KOKORO_FOREIGN[:4] if v not in HELD_OUT_VOICES]
    for _ in range(BLENDS):
        voice = ":".join(rng.choice(voices, 2, replace=False))
        for word in DIGITS:
            yield _spoken(word, voice, rng)


def _espeak_words(rng: np.random.Generator) -> Iterator[Utterance]:
    for voice in ESPEAK_VOICES:
        for word in DIGITS * 2 + tuple(rng.choice(NEAR_WORDS + OTHER_WORDS, 20)):
            accent = str(rng.choice(ESPEAK_ACCENTS))
            yield Utterance("espeak", str(word), accent, voice, _manner(rng))
        for text in rng.choice(SENTENCES, 2, replace=False):
            yield Utterance("espeak", str(text), "en-us", voice, _manner(rng))
        language = str(rng.choice(FOREIGN_LANGUAGES))
        yield Utterance("espeak", FOREIGN_SENTENCES[language], language, voice, _manner(rng))
        numbers = ", ".join(str(n) for n in rng.integers(0, 100, 8))
        yield Utterance("espeak", numbers, language, voice, _manner(rng))


def _espeak_phrases(rng: np.random.Generator) -> Iterator[Utterance]:
    """Numbers and short phrases of other tongues, each said alone."""
    for voice in ESPEAK_VOICES:
        for language in rng.choice(FOREIGN_LANGUAGES, 6, replace=False):
            phrases = rng.choice(FOREIGN_PHRASES[str(language)].split(", "), 2, replace=False)
            for text in (*phrases, str(rng.integers(0, 30))):
                yield Utterance("espeak", str(text), str(language), voice, _manner(rng))


def _flite_words(rng: np.random.Generator) -> Iterator[Utterance]:
    for voice in FLITE_VOICES:
        words = DIGITS * 8 + tuple(rng.choice(NEAR_WORDS + OTHER_WORDS, 60))
        for text in words + tuple(rng.choice(SENTENCES, 12, replace=False)):
            yield Utterance("flite", str(text), "en-us", voice, _manner(rng))
