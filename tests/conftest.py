"""Settings for all tests."""

import os

import torch
from hypothesis import settings

# Nothing is recorded on the machine of who runs the tests; those of recordings name a folder.
os.environ["CLA_RECORDINGS"] = "off"

# The tensors are small: more threads would only wait for each other.
torch.set_num_threads(1)

# The same cases at every run: a check either passes or fails.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
