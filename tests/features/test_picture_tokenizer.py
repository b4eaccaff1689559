"""Pictures become tokens at an even rate, which say what they show."""

import numpy as np
import pytest
from hand_data import PALMS, photograph

from cla.errors import ClaError
from cla.features import FRONT_ENDS, HandStream, ImageFrontEnd, SeenHands
from cla.features.picture_tokenizer import (
    PICTURE_DIM,
    PICTURE_HOP_S,
    PictureTokenizer,
    shared_image_embedding,
)
from cla.types import VideoFrame

GREY = np.full((120, 160, 3), 128, np.uint8)


def test_tokens_lie_between_the_pictures_around_them():
    palm, embed = photograph(PALMS[0]), shared_image_embedding()
    tokenizer = PictureTokenizer()
    assert [token.time_s for token in tokenizer.push(VideoFrame(GREY, 0.0))] == [0.0]
    tokens = tokenizer.push(VideoFrame(palm, 4 * PICTURE_HOP_S))
    assert [token.index for token in tokens] == [1, 2, 3, 4]
    grey, hand = embed(GREY), embed(palm)
    for token, share in zip(tokens, (0.25, 0.5, 0.75, 1.0), strict=True):
        assert token.features.shape == (PICTURE_DIM,)
        assert token.features.numpy() == pytest.approx(grey + share * (hand - grey), abs=1e-4)
    assert tokenizer.push(VideoFrame(palm, 4 * PICTURE_HOP_S)) == []  # not newer
    tokenizer.reset()
    assert tokenizer.push(VideoFrame(palm, 9.0))[0].index == 0


def test_a_picture_is_nearer_to_itself_in_another_light_than_to_another():
    embed = shared_image_embedding()
    palm, other = (photograph(name) for name in PALMS[:2])
    darker = (palm * 0.7).astype(np.uint8)
    assert np.linalg.norm(embed(palm) - embed(darker)) < np.linalg.norm(embed(palm) - embed(GREY))
    assert np.isfinite(embed(other)).all()


def test_what_is_no_picture_is_refused():
    tokenizer = PictureTokenizer()
    with pytest.raises(ClaError, match="RGB"):
        tokenizer.push(VideoFrame(np.zeros((8, 8), np.uint8), 0.0))
    with pytest.raises(ClaError, match="no usable time"):
        tokenizer.push(VideoFrame(GREY, float("nan")))


def test_every_front_end_is_what_it_says():
    for name, front_end in FRONT_ENDS.items():
        assert front_end.name == name
        assert (front_end.input == "video") == isinstance(front_end, ImageFrontEnd)
    (token,) = HandStream().push(SeenHands([], 4 / 3, 0.0))
    assert len(token.features) == FRONT_ENDS["hands"].feature_dim
