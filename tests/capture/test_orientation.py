"""Pictures that carry EXIF data are turned and mirrored by it."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from videos import gradient

from cla.capture import decode_jpeg, open_video
from cla.capture.orientation import exif_matrix

ORIENTATION = 0x0112


def encoded(form: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    content = io.BytesIO()
    Image.fromarray(gradient()).save(content, form, exif=exif)
    return content.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_each_of_eight_ways_comes_out_upright(form, orientation) -> None:
    content = encoded(form, orientation)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    expected = np.asarray(upright.convert("RGB"), int)
    with open_video(content) as video:
        images = [next(video).image]
    images += [decode_jpeg(content)] if form == "JPEG" else []
    for image in images:
        assert image.shape == expected.shape
        assert np.abs(image - expected).mean() < 3


@given(st.binary(max_size=200), st.sampled_from([b"", b"Exif\0\0II*\0\x08\0\0\0", b"eXIfMM\0*"]))
def test_any_bytes_say_a_way_or_nothing(noise, mark) -> None:
    matrix = exif_matrix(mark + noise)
    assert matrix is None or sorted(map(abs, matrix)) == [0, 0, 1, 1]


def test_data_that_says_nothing() -> None:
    assert exif_matrix(encoded("JPEG", 9)) is None
    assert exif_matrix(b"") is None
