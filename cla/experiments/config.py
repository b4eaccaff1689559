"""What a run trains, on what, and how: all of it in one value that is written beside the run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from cla.attention import KINDS, REFERENCE, LandmarkMode
from cla.errors import ClaError
from cla.models import ClassifierConfig, Positions, StackMode

Optimizer = Literal["adam", "adamw"]
Schedule = Literal["constant", "cosine", "one_cycle"]
Loss = Literal["newest", "every"]
LANDMARK_COUNTS = (2, 4, 8, 16, 32)
FLOORS = ("logistic", "mlp")
"""Classifiers of the newest token alone, which stand in the place of a kind."""


@dataclass(frozen=True)
class ModelConfig:
    """The classifier.

    Args:
        kind: attention that it is trained with; `any` draws one for each batch; `logistic` and
            `mlp` are classifiers of the newest token.
        landmarks: M, for kinds that have landmarks.
        landmark_mode: for kinds that have several.
        layers, embed_dim, heads, feed_forward_dim: L, E, H and the hidden size of the layers.
        window: N; None for the data set's own.
        harmonics: waves of the positional encoding, at most E / 2; few where order matters little.
    """

    kind: str = REFERENCE
    landmarks: int | None = None
    landmark_mode: LandmarkMode = "continual"
    layers: int = 1
    embed_dim: int = 192
    heads: int = 16
    feed_forward_dim: int = 192
    window: int | None = None
    positions: Positions = "recycling"
    harmonics: int = 24
    stack_mode: StackMode = "retroactive"
    dropout: float = 0.1

    def __post_init__(self) -> None:
        _require_choice("kind", self.kind, (*KINDS, "any", *FLOORS))
        has_landmarks = self.kind in KINDS and bool(KINDS[self.kind].landmark_modes)
        if has_landmarks != (self.landmarks is not None):
            if has_landmarks:
                raise ClaError("landmarks_count_missing", kind=self.kind)
            raise ClaError("landmarks_not_of_kind", kind=self.kind)

    @property
    def fixed(self) -> bool:
        """Whether landmarks are fitted, layer by layer."""
        modes = KINDS[self.kind].landmark_modes if self.kind in KINDS else ()
        return self.landmark_mode == "fixed" and "fixed" in modes

    def classifier(self, input_dim: int, num_classes: int, window: int) -> ClassifierConfig:
        """The sizes of the classifier for tokens and classes of a data set."""
        window = self.window or window
        return ClassifierConfig(
            input_dim,
            num_classes,
            self.embed_dim,
            self.heads,
            self.feed_forward_dim,
            window,
            position_period=2 * window,
            position_harmonics=min(self.harmonics, self.embed_dim // 2),
            dropout=self.dropout,
            num_layers=self.layers,
            stack_mode=self.stack_mode,
            positions=self.positions,
        )


@dataclass(frozen=True)
class TrainingConfig:
    """How it is trained.

    Args:
        epochs: of the first phase.
        fit_epochs: of the phase after each layer's landmarks are fitted.
        freeze: whether layers whose landmarks are fitted, and those below, stay as they are then.
        loss: of the newest token of windows that grow and of whole ones, or of every token; of
            stacks that refresh whole windows, of a few tokens of every sequence.
        piece: tokens of a training sequence under that loss of every token; 0 for a window.
        stride: tokens between training sequences that are cut from one recording.
        mixup: parameter of the beta distribution by which pairs of sequences are mixed; 0 for none.
        mask_tokens, mask_features: in each sequence, up to so many neighboring tokens and features
            are set to 0; 0 for none.
        variants: of each training sequence, as the data set makes them, trained on beside it.
        balance: how far classes that are rare count more: 0 for not, 1 for all alike.
        growing_share: share of batches with windows that are not full yet.
        validation_share: of the training sequences, left out as in the paper.
        precision, devices: as Lightning names them.
    """

    epochs: int = 50
    fit_epochs: int = 25
    freeze: bool = False
    batch_size: int = 32
    loss: Loss = "newest"
    piece: int = 0
    stride: int = 8
    mixup: float = 0.0
    mask_tokens: int = 0
    mask_features: int = 0
    variants: int = 0
    balance: float = 0.0
    growing_share: float = 0.5
    optimizer: Optimizer = "adam"
    schedule: Schedule = "constant"
    learning_rate: float = 1e-5
    weight_decay: float = 1e-4
    label_smoothing: float = 0.0
    clip_norm: float = 1.0
    average: float = 0.0
    validation_share: float = 0.0
    precision: str = "32-true"
    devices: int | str = 1

    def __post_init__(self) -> None:
        _require_choice("loss", self.loss, get_args(Loss))
        _require_choice("optimizer", self.optimizer, get_args(Optimizer))
        _require_choice("schedule", self.schedule, get_args(Schedule))
        for name in ("epochs", "batch_size", "learning_rate"):
            if not getattr(self, name) > 0:
                raise ClaError("setting_too_small", name=name, value=getattr(self, name))


@dataclass(frozen=True)
class ExperimentConfig:
    """One run.

    Args:
        dataset: name of a data set, see `cla.datasets.DATASETS`.
        data: its folder.
        features: what makes its tokens, for data sets of recordings.
        components: principal components of the tokens to keep; None for the tokens as they are.
        fold: kept for the test, in data sets that arrange folds.
        data_seed: of the split, in those that do not.
        seed: of weights, batches and everything else that is drawn.
        landmark_counts: those that weights for every kind are judged under.
    """

    dataset: str
    data: Path
    features: str | None = None
    components: int | None = None
    fold: int = 0
    data_seed: int = 0
    seed: int = 0
    landmark_counts: tuple[int, ...] = LANDMARK_COUNTS
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as in a YAML file."""
        counts = list(self.landmark_counts)
        return {**asdict(self), "data": str(self.data), "landmark_counts": counts}


def read_config(path: Path, base: ExperimentConfig) -> ExperimentConfig:
    """The settings of a YAML file over those of `base`.

    Raises:
        ClaError: the file cannot be read, or names a setting that there is not.
    """
    import yaml

    try:
        given = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ClaError("settings_unreadable", path=path, reason=error) from error
    if not isinstance(given, dict):
        raise ClaError("settings_empty", path=path)
    return with_settings(base, given)


def with_settings(base: ExperimentConfig, given: Mapping[str, Any]) -> ExperimentConfig:
    """`base` with some settings replaced; those of `model` and `training` are nested.

    Raises:
        ClaError: a setting that there is not.
    """
    values = dict(given)
    for part in ("model", "training"):
        if part in values:
            values[part] = _replaced(getattr(base, part), values[part] or {})
    if "data" in values:
        values["data"] = Path(values["data"])
    if "landmark_counts" in values:
        values["landmark_counts"] = tuple(values["landmark_counts"])
    found: ExperimentConfig = _replaced(base, values)
    return found


def _replaced(value: Any, given: Mapping[str, Any]) -> Any:
    known = {one.name for one in fields(value)}
    if unknown := sorted(given.keys() - known):
        raise ClaError("setting_unknown", name=unknown[0], choices=", ".join(sorted(known)))
    return replace(value, **given)


def _require_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ClaError("setting_value_unknown", name=name, value=value, choices=", ".join(choices))
