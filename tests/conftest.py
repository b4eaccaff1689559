"""Settings for all tests."""

import torch
from hypothesis import settings

# The tensors are small: more threads would only wait for each other.
torch.set_num_threads(1)

# The same cases at every run: a check either passes or fails.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
