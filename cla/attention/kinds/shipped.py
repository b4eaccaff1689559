"""The kinds of this package, in the order in which they are listed."""

from cla.attention.kinds.continual import ContinualKind
from cla.attention.kinds.continual_nystrom import ContinualNystromKind
from cla.attention.kinds.defaults import BATCH_LOW_RANK, LOW_RANK, REFERENCE, STREAMED
from cla.attention.kinds.fixed_nystrom import FixedNystromKind
from cla.attention.kinds.full import FullKind
from cla.attention.kinds.nystrom import NystromKind
from cla.attention.kinds.registry import register_kind

SHIPPED = (REFERENCE, STREAMED, BATCH_LOW_RANK, LOW_RANK)

register_kind(REFERENCE, FullKind, shipped=True)
register_kind(STREAMED, ContinualKind, shipped=True)
register_kind(BATCH_LOW_RANK, {"continual": NystromKind}, shipped=True)
register_kind(
    LOW_RANK, {"continual": ContinualNystromKind, "fixed": FixedNystromKind}, shipped=True
)
