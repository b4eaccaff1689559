"""Dark pictures become bright ones; others stay as they are."""

import numpy as np

from cla.features.lite_network import lit


def test_a_bright_picture_stays_as_it_is():
    picture = np.random.default_rng(0).random((64, 64, 3), np.float32)
    assert lit(picture) is picture


def test_a_dark_picture_is_made_brighter_in_proportion():
    picture = np.random.default_rng(0).random((64, 64, 3), np.float32)
    np.testing.assert_allclose(lit(picture * 0.2) / lit(picture * 0.1), 1, atol=1e-4)
    assert 0.6 < lit(picture * 0.1).max() < 0.8


def test_black_stays_black():
    assert not lit(np.zeros((16, 16, 3), np.float32)).any()
