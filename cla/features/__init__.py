"""Speech features: a stream of samples becomes a stream of tokens."""

from cla.features.rechunk import Rechunker
from cla.features.resample import StreamResampler
from cla.features.speech_embedding import (
    FEATURE_DIM,
    HOP_S,
    HOP_SAMPLES,
    RECEPTIVE_FIELD_S,
    SAMPLE_RATE_HZ,
    EmbeddingState,
    SpeechEmbedding,
)
from cla.features.tokenizer import SpeechTokenizer, embed_clip

__all__ = [
    "FEATURE_DIM",
    "HOP_S",
    "HOP_SAMPLES",
    "RECEPTIVE_FIELD_S",
    "SAMPLE_RATE_HZ",
    "EmbeddingState",
    "Rechunker",
    "SpeechEmbedding",
    "SpeechTokenizer",
    "StreamResampler",
    "embed_clip",
]
