"""VGGish: 128 numbers for what is sounding, from patches of 0.975 s."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn

from cla.errors import ClaError
from cla.features.log_mel import LogMel

VGGISH_DIM = 128
VGGISH_HOP_SAMPLES = 4_000
VGGISH_URL = "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth"
VGGISH_SHA256 = "10086976"
"""First digits of the checksum, which the file's name carries as PyTorch's hub has it."""

_MEL_OFFSET = 0.01
_STAGES = ((64,), (128,), (256, 256), (512, 512))


class Vggish(nn.Module):
    """The network before its principal components are taken; parameters named as published.

    Shapes:
        patches: (B, 96, 64), as `log_mel` gives them
        output: (B, 128)

    Source: Hershey et al., "CNN Architectures for Large-Scale Audio Classification"
    (arXiv 1609.09430).
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_mel = LogMel(_MEL_OFFSET)
        self.features = nn.Sequential()
        given = 1
        for stage in _STAGES:
            for taken in stage:
                self.features.append(nn.Conv2d(given, taken, 3, padding=1))
                self.features.append(nn.ReLU())
                given = taken
            self.features.append(nn.MaxPool2d(2))
        self.embeddings = nn.Sequential(
            nn.Linear(6 * 4 * given, 4096),
            nn.ReLU(),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, VGGISH_DIM),
            nn.ReLU(),
        )

    def forward(self, patches: Tensor) -> Tensor:
        # Time, band, channel: the order in which the original flattens them.
        pictures = self.features(patches[:, None]).permute(0, 2, 3, 1)
        output: Tensor = self.embeddings(pictures.flatten(1))
        return output

    def embed(self, patches: Tensor) -> Tensor:
        """The embeddings, (B, 128)."""
        return self(patches)  # type: ignore[no-any-return]  # calls of modules are untyped


def load_vggish(path: Path | None) -> Vggish:
    """The network with the published weights at `path`, ready to run.

    Raises:
        ClaError: the file is missing, or not the published one.
    """
    if path is None or not path.exists():
        raise ClaError("vggish_missing", path=path, url=VGGISH_URL)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(VGGISH_SHA256):
        raise ClaError(
            "vggish_checksum", path=path, found=found[:16], expected=VGGISH_SHA256, url=VGGISH_URL
        )
    network = Vggish()
    # The published form is PyTorch's own; `weights_only` reads tensors and nothing else.
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval().requires_grad_(False)
