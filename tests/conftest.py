"""Settings for all tests."""

import torch

# The tensors are small: more threads would only wait for each other.
torch.set_num_threads(1)
