"""Which input column each derived column of a fitted pipeline comes from.

The names that transformers give are read with marks in place of the real names, so that a column
`shop` and a column `shop_a` are never mixed up; what was read is then tried on rows, for a
transformer may keep names and mix columns all the same.
"""

import copy
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.explain.contributions import Floats, Places

if TYPE_CHECKING:
    import pandas as pd

_MARK = re.compile("\x02(\\d+)\x03")
_TRIED_ROWS = 100


class Mixed(Exception):
    """A derived column comes from several input columns, or it cannot be seen from which."""


def sources_of(transformers: Any, frame: "pd.DataFrame", derived: Floats) -> Places:
    """Place of the input column that each derived column comes from.

    Args:
        transformers: the fitted steps before the model.
        frame: (n, p) rows.
        derived: (n, m) the same rows, transformed.

    Raises:
        Mixed: there is no such column for one of them.
    """
    names = list(frame.columns)
    found: list[int] = list(range(len(names)))
    for transformer in transformers:
        found = [found[place] for place in _step(transformer, names)]
        names = [str(place) for place in range(len(found))]
    sources = np.array(found, dtype=np.int64)
    if len(sources) != derived.shape[1]:
        raise Mixed(f"{derived.shape[1]} derived columns, {len(sources)} names")
    _try(transformers, frame.head(_TRIED_ROWS), derived[:_TRIED_ROWS], sources)
    return sources


def transformed(transformers: Any, frame: Any) -> Floats:
    """Rows after the steps before the model, dense.

    Raises:
        Mixed: they are no numbers.
    """
    for transformer in transformers:
        frame = transformer.transform(frame)
    if hasattr(frame, "toarray"):
        frame = frame.toarray()
    try:
        return np.asarray(frame, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise Mixed("the derived columns are no numbers") from exc


def _step(transformer: Any, names: list[str]) -> list[int]:
    """Place of the source of each column that one transformer gives."""
    if transformer == "passthrough":
        return list(range(len(names)))
    if hasattr(transformer, "output_indices_"):
        return _of_columns(transformer, names)
    if hasattr(transformer, "steps"):
        found = list(range(len(names)))
        for _, inner in transformer.steps:
            if inner is not None:
                found = [found[place] for place in _step(inner, [names[p] for p in found])]
        return found
    return _read(transformer, len(names))


def _of_columns(transformer: Any, names: list[str]) -> list[int]:
    found: dict[int, int] = {}
    # What is fitted: columns as given, the remainder's among them.
    for label, inner, columns in transformer.transformers_:
        places = _places(columns, names)
        block = transformer.output_indices_[label]
        if inner == "drop" or block.stop == block.start:
            continue
        inside = _step(inner, [names[place] for place in places])
        if len(inside) != block.stop - block.start:
            raise Mixed(f"{label} gives other columns than it names")
        found |= {block.start + at: places[source] for at, source in enumerate(inside)}
    return [found[at] for at in sorted(found)]


def _places(columns: Any, names: list[str]) -> list[int]:
    if isinstance(columns, str | int):
        columns = [columns]
    if isinstance(columns, slice):
        return list(range(len(names)))[columns]
    listed = list(columns)
    if listed and isinstance(listed[0], bool | np.bool_):
        return [place for place, chosen in enumerate(listed) if chosen]
    return [names.index(c) if isinstance(c, str) else int(c) for c in listed]


def _read(transformer: Any, count: int) -> list[int]:
    bare = copy.copy(transformer)
    # It would insist on the names it was fitted with.
    vars(bare).pop("feature_names_in_", None)
    marks = np.array([f"\x02{place}\x03" for place in range(count)], dtype=object)
    try:
        names = bare.get_feature_names_out(marks)
    except (AttributeError, ValueError, TypeError) as exc:
        raise Mixed(f"{type(transformer).__name__} names no columns") from exc
    found = []
    for name in names:
        sources = {int(mark) for mark in _MARK.findall(str(name))}
        if len(sources) != 1:
            raise Mixed(f"{type(transformer).__name__} makes columns of several")
        found.append(sources.pop())
    return found


def _try(transformers: Any, frame: "pd.DataFrame", derived: Floats, sources: Places) -> None:
    turned = np.roll(np.arange(len(frame)), 1)
    for place, name in enumerate(frame.columns):
        other = frame.assign(**{name: frame[name].take(turned).set_axis(frame.index)})
        after = transformed(transformers, other)
        changed = ((after != derived) & ~(np.isnan(after) & np.isnan(derived))).any(axis=0)
        if (changed & (sources != place)).any():
            raise Mixed(f"{name} changes columns that are named after others")
