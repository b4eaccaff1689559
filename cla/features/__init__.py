"""Features: a stream of samples, or of images of hands, becomes a stream of tokens."""

from cla.features.body import BODY_HOP_S, NUM_JOINTS, body_features
from cla.features.front_ends import (
    FRONT_ENDS,
    FrontEnd,
    ImageFrontEnd,
    ImageTokenizer,
    SoundFrontEnd,
    front_end,
)
from cla.features.hand_features import BONES, HAND_FEATURE_DIM, NUM_POINTS, Hand, Handedness
from cla.features.hand_stream import HAND_HOP_S, HandStream, SeenHands
from cla.features.hand_tokenizer import HandTokenizer
from cla.features.pitch_bins import (
    BINS_PER_SEMITONE,
    PITCH_DIM,
    PITCH_HOP_S,
    PITCH_HOP_SAMPLES,
    PitchTokenizer,
    embed_pitches,
)
from cla.features.resample import Rechunker, StreamResampler, resampled
from cla.features.speech_embedding import FEATURE_DIM, HOP_S, HOP_SAMPLES, SAMPLE_RATE_HZ
from cla.features.tokenizer import SpeechTokenizer, embed_clip
from cla.features.vggish import load_vggish
from cla.features.yamnet import SCORED_DIM, YAMNET_DIM, load_yamnet
from cla.features.yamnet_tokenizer import SOUND_HOP_S, YAMNET_FILE, embed_sounds

__all__ = [
    "BINS_PER_SEMITONE",
    "BODY_HOP_S",
    "BONES",
    "FEATURE_DIM",
    "FRONT_ENDS",
    "HAND_FEATURE_DIM",
    "HAND_HOP_S",
    "HOP_S",
    "HOP_SAMPLES",
    "NUM_JOINTS",
    "NUM_POINTS",
    "PITCH_DIM",
    "PITCH_HOP_S",
    "PITCH_HOP_SAMPLES",
    "SAMPLE_RATE_HZ",
    "SCORED_DIM",
    "SOUND_HOP_S",
    "YAMNET_DIM",
    "YAMNET_FILE",
    "FrontEnd",
    "Hand",
    "HandStream",
    "HandTokenizer",
    "Handedness",
    "ImageFrontEnd",
    "ImageTokenizer",
    "PitchTokenizer",
    "Rechunker",
    "SeenHands",
    "SoundFrontEnd",
    "SpeechTokenizer",
    "StreamResampler",
    "body_features",
    "embed_clip",
    "embed_pitches",
    "embed_sounds",
    "front_end",
    "load_vggish",
    "load_yamnet",
    "resampled",
]
