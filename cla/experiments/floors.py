"""What a classifier of the newest token alone reaches: a floor for attention over a window."""

from dataclasses import asdict
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from cla.datasets import TokenSet
from cla.experiments.config import ExperimentConfig
from cla.experiments.costs import Cost, step_times_us
from cla.experiments.data import NOT_COUNTED, Split, class_weights
from cla.experiments.evaluation import prefixed, score_of

HIDDEN = 64
DROPOUT = 0.2
STEPS, BATCH = 600, 512
LEARNING_RATE, WEIGHT_DECAY = 1e-2, 1e-2
SYSTEMS = {"logistic": "logistic regression", "mlp": "MLP"}


def floor_row(data: TokenSet, parts: Split, config: ExperimentConfig) -> dict[str, Any]:
    """The row of a classifier of the newest token, `logistic` or `mlp`.

    It is trained on the tokens of the training sequences, variants among them, with the balance and
    the label smoothing of the settings.
    """
    network = fit_floor(data, parts, config)
    tokens = [torch.from_numpy(one.features).float() for one in parts.test]
    with torch.no_grad():
        outputs = [network(some).softmax(-1) for some in tokens]
    newest = tokens[0][:1]
    (step_us,) = step_times_us([lambda: network(newest)])
    parameters = sum(one.numel() for one in network.parameters())
    return {
        "dataset": data.name,
        "fold": config.fold,
        "data_seed": config.data_seed,
        "seed": config.seed,
        "window": 1,
        "layers": 0,
        "stack": "",
        "trained_with": "",
        "system": SYSTEMS[config.model.kind],
        "landmarks": 0,
        **prefixed("stream", score_of(data, outputs, parts.test)),
        **asdict(Cost(None, None, parameters, 0, step_us)),
    }


def fit_floor(data: TokenSet, parts: Split, config: ExperimentConfig) -> nn.Sequential:
    """A trained classifier of tokens, (..., F) to logits (..., C)."""
    torch.manual_seed(config.seed)
    tokens = torch.cat([torch.from_numpy(one.features).float() for one in parts.train])
    labels = torch.cat([torch.from_numpy(one.labels) for one in parts.train])
    if data.ignored is not None:
        labels[labels == data.ignored] = NOT_COUNTED
    features, classes = tokens.shape[1], len(data.labels)
    scaling = nn.BatchNorm1d(features, affine=False, momentum=None)
    scaling(tokens)  # its statistics are the whole set's from here on
    layers = (
        [nn.Linear(features, classes)]
        if config.model.kind == "logistic"
        else [nn.Linear(features, HIDDEN), nn.GELU(), nn.Dropout(DROPOUT),
              nn.Linear(HIDDEN, classes)]
    )  # fmt: skip
    network = nn.Sequential(scaling.eval(), *layers)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    weights = class_weights(parts.train, classes, config.training.balance)
    for _ in range(STEPS):
        drawn = torch.randint(len(tokens), (min(BATCH, len(tokens)),))
        loss = functional.cross_entropy(
            network(tokens[drawn]),
            labels[drawn],
            weights,
            ignore_index=NOT_COUNTED,
            label_smoothing=config.training.label_smoothing,
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval().requires_grad_(False)
