"""Features: a stream of samples, or of images of hands, becomes a stream of tokens."""

from cla.features.body import BODY_DIM, BODY_HOP_S, NUM_JOINTS, BodyFrame, body_features
from cla.features.body_stream import BodyStream
from cla.features.front_ends import (
    FRONT_ENDS,
    FrontEnd,
    ImageFrontEnd,
    ImageTokenizer,
    SoundFrontEnd,
    front_end,
)
from cla.features.hand import BONES, NUM_POINTS, Hand, Handedness
from cla.features.hand_features import (
    HAND_DIM,
    HAND_FEATURE_DIM,
    MovingHand,
    Pose,
    hand_features,
    hand_velocities,
)
from cla.features.hand_landmarker import HandLandmarker
from cla.features.hand_stream import HAND_HOP_S, HandStream, SeenHands
from cla.features.hand_tokenizer import HandTokenizer
from cla.features.hand_tracker import HandTracker
from cla.features.palm_detector import PalmDetector
from cla.features.rechunk import Rechunker
from cla.features.resample import StreamResampler, resampled
from cla.features.speech_embedding import (
    FEATURE_DIM,
    HOP_S,
    HOP_SAMPLES,
    SAMPLE_RATE_HZ,
    EmbeddingState,
    SpeechEmbedding,
)
from cla.features.tokenizer import SoundTokenizer, SpeechTokenizer, embed_clip
from cla.features.vggish import VGGISH_DIM, Vggish, load_vggish
from cla.features.yamnet import SCORED_DIM, YAMNET_DIM, Yamnet, load_yamnet, relative_scores
from cla.features.yamnet_tokenizer import (
    SOUND_HOP_S,
    YAMNET_FILE,
    YamnetTokenizer,
    embed_sounds,
)

__all__ = [
    "BODY_DIM",
    "BODY_HOP_S",
    "BONES",
    "FEATURE_DIM",
    "FRONT_ENDS",
    "HAND_DIM",
    "HAND_FEATURE_DIM",
    "HAND_HOP_S",
    "HOP_S",
    "HOP_SAMPLES",
    "NUM_JOINTS",
    "NUM_POINTS",
    "SAMPLE_RATE_HZ",
    "SCORED_DIM",
    "SOUND_HOP_S",
    "VGGISH_DIM",
    "YAMNET_DIM",
    "YAMNET_FILE",
    "BodyFrame",
    "BodyStream",
    "EmbeddingState",
    "FrontEnd",
    "Hand",
    "HandLandmarker",
    "HandStream",
    "HandTokenizer",
    "HandTracker",
    "Handedness",
    "ImageFrontEnd",
    "ImageTokenizer",
    "MovingHand",
    "PalmDetector",
    "Pose",
    "Rechunker",
    "SeenHands",
    "SoundFrontEnd",
    "SoundTokenizer",
    "SpeechEmbedding",
    "SpeechTokenizer",
    "StreamResampler",
    "Vggish",
    "Yamnet",
    "YamnetTokenizer",
    "body_features",
    "embed_clip",
    "embed_sounds",
    "front_end",
    "hand_features",
    "hand_velocities",
    "load_vggish",
    "load_yamnet",
    "relative_scores",
    "resampled",
]
