"""Which rows a model is measured on, and whether it was fitted on any of them."""

from typing import TYPE_CHECKING

import numpy as np

from trimaran_runtime.data.row_hash import fingerprint, row_hashes
from trimaran_runtime.evaluation.evaluation import HeldOut

if TYPE_CHECKING:
    import pyarrow as pa


def held_out(test: "pa.Table", train: "pa.Table") -> HeldOut:
    """Describe the test rows.

    Args:
        test: the test rows, with every column.
        train: the training rows, with every column. A row that is in both, to the last value, says
            nothing of how the model does on rows that it never saw.
    """
    seen = np.isin(row_hashes(test), row_hashes(train))
    return HeldOut(fingerprint=fingerprint(test), rows=test.num_rows, in_train=int(seen.sum()))
