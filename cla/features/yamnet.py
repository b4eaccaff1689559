"""YAMNet: 1,024 numbers for what is sounding, and its scores, from patches of 0.975 s."""

import hashlib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from cla.errors import ClaError
from cla.features.log_mel import LogMel

YAMNET_DIM = 1_024
NUM_AUDIOSET_CLASSES = 521
SCORED_DIM = YAMNET_DIM + NUM_AUDIOSET_CLASSES + 1
YAMNET_SHA256 = "c60e68ba43b9984b75b53e6fe0601ca5d4f8134c84ba671f939c5e9bcfc20bb6"
"""Of the converted tensors, see `check_tensors`."""
_MEL_OFFSET = 0.001
_SOUNDS = 494
"""Classes before silence, rooms, and qualities of a recording, which stand out over all sounds."""
_NOTHING = -3.0
"""Logit of hearing nothing: what is less sure does not stand out even where nothing else is."""
_LOWEST, _HIGHEST = -8.0, 4.0
_WIDTHS = (32, 64, 128, 128, 256, 256, *6 * (512,), *2 * (1024,))
_STRIDES = (1, 2, 1, 2, 1, 2, *5 * (1,), 2, 1)


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names and numbers, whatever the file format that holds them."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def check_tensors(tensors: Mapping[str, Tensor], expected: str, path: Path) -> None:
    """Raise `ClaError` unless these are the tensors expected of the file at `path`."""
    found = tensors_sha256(tensors)
    if found != expected:
        raise ClaError("weights_checksum", path=path, found=found[:16], expected=expected[:16])


class Yamnet(nn.Module):
    """A MobileNet on log-mel patches, trained to tell the 521 classes of AudioSet apart.

    Shapes:
        patches: (B, 96, 64), as `log_mel` gives them
        output: embedding (B, 1024), logits (B, 521)

    Source: M. Plakal and D. Ellis, YAMNet (tensorflow/models, Apache-2.0); its batch
    normalization is folded into the convolutions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_mel = LogMel(_MEL_OFFSET)
        self.first = _Convolution(1, _WIDTHS[0], 3, 2)
        self.blocks = nn.Sequential()
        for (given, taken), stride in zip(pairwise(_WIDTHS), _STRIDES, strict=True):
            self.blocks.append(_Convolution(given, given, 3, stride))
            self.blocks.append(_Convolution(given, taken, 1, 1))
        self.head = nn.Linear(YAMNET_DIM, NUM_AUDIOSET_CLASSES)

    def forward(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        pictures = patches[:, None].to(memory_format=torch.channels_last)
        embedding = self.blocks(self.first(pictures)).mean((2, 3))
        return embedding, self.head(embedding)

    def embed(self, patches: Tensor) -> Tensor:
        """The embeddings alone, (B, 1024)."""
        return self(patches)[0]  # type: ignore[no-any-return]  # a tuple of tensors

    def embed_scored(self, patches: Tensor) -> Tensor:
        """The embeddings and, beside them, what of AudioSet stands out, (B, 1546)."""
        embedding, logits = self(patches)
        return torch.cat((embedding, relative_scores(logits)), -1)


def relative_scores(logits: Tensor) -> Tensor:
    """How much each class of AudioSet, and last nothing, stands out: 2 is alone, 0 is drowned.

    Shapes:
        logits: (..., 521)
        returns: (..., 522)
    """
    logits = functional.pad(logits, (0, 1), value=_NOTHING)
    heard = torch.cat((logits[..., :_SOUNDS], logits[..., -1:]), -1).logsumexp(-1, keepdim=True)
    return (logits - heard).clamp(_LOWEST, _HIGHEST) / 4 + 2


class _Convolution(nn.Sequential):
    """A convolution, of each channel alone if it keeps their number, and what follows it."""

    def __init__(self, given: int, taken: int, size: int, stride: int) -> None:
        groups = given if size > 1 and given == taken else 1
        # One more row and column on the far side only, where the stride is 2.
        near = 0 if stride == 2 or size == 1 else 1
        padding = nn.ZeroPad2d((near, 1, near, 1)) if size > 1 else nn.Identity()
        convolution = nn.Conv2d(given, taken, size, stride, groups=groups)
        super().__init__(padding, convolution, nn.ReLU())


def load_yamnet(path: Path) -> Yamnet:
    """The network with the weights at `path`, ready to run.

    Raises:
        ClaError: the file is missing, or is not the one that `cla fetch yamnet` writes.
    """
    if not path.exists():
        raise ClaError("yamnet_not_fetched")
    tensors = load_file(path)
    check_tensors(tensors, YAMNET_SHA256, path)
    network = Yamnet()
    network.load_state_dict(tensors)
    for weights in network.parameters():
        if weights.ndim == 4:
            weights.data = weights.data.contiguous(memory_format=torch.channels_last)
    return network.eval().requires_grad_(False)
