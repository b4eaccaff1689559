import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cla.features import Rechunker


@given(
    hop_samples=st.integers(1, 50),
    packets=st.lists(st.integers(0, 120), max_size=30),
)
def test_any_packets_give_the_same_hops(hop_samples: int, packets: list[int]) -> None:
    stream = np.arange(sum(packets), dtype=np.float32)
    rechunker = Rechunker(hop_samples)
    hops = []
    start = 0
    for size in packets:
        hops += rechunker.push(stream[start : start + size])
        start += size
    whole = len(stream) // hop_samples * hop_samples
    assert all(hop.shape == (hop_samples,) for hop in hops)
    np.testing.assert_array_equal(np.concatenate([[], *hops]), stream[:whole])


def test_a_reused_packet_buffer_does_not_change_what_was_pushed() -> None:
    rechunker = Rechunker(4)
    buffer = np.array([1, 2, 3], np.float32)
    rechunker.push(buffer)
    buffer[:] = 9
    (hop,) = rechunker.push(np.array([4], np.float32))
    np.testing.assert_array_equal(hop, [1, 2, 3, 4])


def test_a_hop_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        Rechunker(0)
