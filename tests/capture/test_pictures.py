import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from videos import gradient

from cla.capture import decode_jpeg, preview_jpeg
from cla.capture import pictures as module
from cla.capture.pictures import fitting_size, jpeg_size
from cla.errors import ClaError


def encode(image, *options):
    return cv2.imencode(".jpg", image[..., ::-1], list(options))[1].tobytes()


@pytest.mark.parametrize("options", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)])
def test_a_jpeg_comes_through_in_rgb(options) -> None:
    jpeg = encode(gradient(), *options)
    assert jpeg_size(jpeg) == (64, 48)
    image = decode_jpeg(jpeg)
    assert image.shape == (48, 64, 3)
    assert np.abs(image.astype(int) - gradient()).mean() < 6


@pytest.mark.parametrize("size", [(1, 1), (31, 64), (4_000, 4_000)])
def test_a_size_beyond_the_limits_is_refused_before_decoding(monkeypatch, size) -> None:
    jpeg = encode(np.zeros((*size, 3), np.uint8))

    def fail(*_) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr(module.simplejpeg, "decode_jpeg", fail)
    with pytest.raises(ClaError, match="pixels"):
        decode_jpeg(jpeg)


def test_a_header_that_lies_does_not_make_room() -> None:
    jpeg = bytearray(encode(gradient()))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(ClaError, match="65535 by 65535"):
        decode_jpeg(bytes(jpeg))


def test_damaged_pictures_are_refused() -> None:
    jpeg = encode(gradient())
    for damaged in (b"", b"\xff\xd8", b"\xff\xd8\xff\xd9", jpeg[:-40], b"GIF89a" + jpeg, jpeg[2:]):
        with pytest.raises(ClaError, match="no JPEG"):
            decode_jpeg(damaged)


@pytest.mark.parametrize("damage", [b"", b"\xff\x00" * 20, b"\xff\xd9" * 9])
def test_a_picture_damaged_inside_is_refused_without_noise(damage, capfd) -> None:
    jpeg = encode(gradient(), cv2.IMWRITE_JPEG_QUALITY, 95)
    half = len(jpeg) * 3 // 4
    rest = jpeg[half + len(damage) :] if damage else jpeg[-2:]
    with pytest.raises(ClaError, match="damaged"):
        decode_jpeg(jpeg[:half] + damage + rest)
    assert capfd.readouterr().err == ""


@given(st.binary(max_size=300), st.integers(0, 300))
def test_no_bytes_can_do_more_than_be_refused(noise, at) -> None:
    jpeg = encode(gradient())
    for content in (noise, jpeg[:at] + noise + jpeg[at + len(noise) :]):
        try:
            image = decode_jpeg(content)
        except ClaError:
            continue
        assert image.ndim == 3
        assert max(image.shape) <= 640


def test_large_pictures_are_made_smaller_in_proportion() -> None:
    assert fitting_size(3_840, 2_160) == (640, 360)
    assert fitting_size(320, 240) == (320, 240)
    assert fitting_size(10_000, 1) == (640, 1)
    assert decode_jpeg(encode(np.zeros((1_080, 1_920, 3), np.uint8))).shape == (360, 640, 3)


def test_a_preview_is_small() -> None:
    preview = preview_jpeg(gradient(640, 480))
    assert jpeg_size(preview) == (320, 240)
    assert len(preview) < 20_000


def test_a_picture_of_very_many_scans_is_refused_before_decoding() -> None:
    jpeg = encode(np.zeros((1_080, 1_920, 3), np.uint8), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    last = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    assert decode_jpeg(jpeg).shape == (360, 640, 3)
    with pytest.raises(ClaError, match="too many scans"):
        decode_jpeg(jpeg[:-2] + 20 * last + jpeg[-2:])
