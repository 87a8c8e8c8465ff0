"""Ensembles of decision trees in NumPy, in float64, with the answers of the original.

Trees of at most 64 leaves are not walked. Each leaf is a bit, and each value that a column can take
has, for every tree, the bits of the leaves that it leaves open: what is open for all columns is one
leaf (the QuickScorer of Lucchese et al. 2015, section 3, with the conditions of one column folded
into a table). Larger trees are walked all at once, a level at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
Bits = NDArray[np.uint64]

SHORT_LEAVES = 64
CODES = 256
"""Codes of a column of categories: 0 to 254, and the last one for what is missing or unknown."""
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_ROWS = 64
"""Rows answered at a time, so that what is between stays in the processor's cache."""
_WALKED = 1_024
"""Rows walked at a time where every step is looked at."""
_TABLE_BYTES = 1 << 26


@dataclass(frozen=True, kw_only=True)
class Forest:
    """Trees in flat arrays; nodes of a tree lie together, parents before their children.

    A row goes left where its value is at most the threshold, and where the value is missing as
    the node says. Nodes that split categories say so for each code.

    Attributes:
        roots: (t,) the first node of each tree, ascending.
        feature: (n,) column that a node looks at; -1: a leaf.
        threshold: (n,) what the value is compared with.
        left: (n,) node where the value is not above it.
        right: (n,) node where it is.
        missing_left: (n,) whether a missing value goes left.
        split: (n,) row of `goes_left` for a node that splits categories; -1: a number.
        goes_left: (c, 256) by code, whether it goes left; the last code: missing or unknown.
        value: (n, v) what a leaf answers.
        width: how many columns there are.
    """

    roots: Integers
    feature: Integers
    threshold: Floats
    left: Integers
    right: Integers
    missing_left: NDArray[np.bool_]
    split: Integers
    goes_left: NDArray[np.bool_]
    value: Floats
    width: int

    def __post_init__(self) -> None:
        nodes, starts = len(self.feature), self.roots
        if not nodes or not len(starts) or starts[0] != 0 or (np.diff(starts) < 1).any():
            raise ValueError("the trees do not lie one after the other")
        same = (self.threshold, self.left, self.right, self.missing_left, self.split)
        if any(each.shape != (nodes,) for each in same) or self.value.shape[:1] != (nodes,):
            raise ValueError("the nodes' arrays differ in length")
        own, inner = np.arange(nodes), self.feature >= 0
        end = np.append(starts[1:], nodes)[starts.searchsorted(own, side="right") - 1]
        for child in (self.left[inner], self.right[inner]):
            # Parents come first, so that every walk ends.
            if ((child <= own[inner]) | (child >= end[inner])).any():
                raise ValueError("a node's child is not below it")
        if int(starts[-1]) >= nodes or (self.feature >= self.width).any():
            raise ValueError("a node looks at a column that there is not")
        if self.goes_left.shape != (len(self.goes_left), CODES):
            raise ValueError("categories have other codes")
        if (self.split < -1).any() or (self.split >= len(self.goes_left)).any():
            raise ValueError("a node splits categories that there are not")

    def values(self, rows: Floats) -> Floats:
        """(t, n, v) what each tree answers for (n, d) rows."""
        if self._tables is None:
            return self.value[self._walked(rows).T]
        parts = [self._looked_up(rows[i : i + _ROWS]) for i in range(0, len(rows), _ROWS)]
        return self.value[parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)]

    @cached_property
    def _tables(self) -> "_Tables | None":
        return _tables(self)

    def _looked_up(self, rows: Floats) -> "NDArray[np.intp]":
        """(t, n) leaf of each tree."""
        tables = self._tables
        assert tables is not None
        return tables.leaves(rows)

    def visitors(self, rows: Floats) -> "NDArray[np.intp]":
        """(nodes,) the number of a row of (n, d) that gets to each node; -1: none does."""
        visitors = np.full(len(self.feature), -1, dtype=np.intp)
        for start in range(0, len(rows), _WALKED):
            for node in self._walk(rows[start : start + _WALKED]):
                number = np.arange(start, start + len(node))[:, None]
                visitors[node] = np.broadcast_to(number, node.shape)
        return visitors

    def _walked(self, rows: Floats) -> "NDArray[np.intp]":
        """(n, t) leaf of each tree."""
        *_, node = self._walk(rows)
        return node

    def _walk(self, rows: Floats) -> "Iterator[NDArray[np.intp]]":
        """(n, t) nodes at which the rows are, from the roots to the leaves."""
        count = len(rows)
        node = np.broadcast_to(self.roots.astype(np.intp), (count, len(self.roots))).copy()
        flat = np.ascontiguousarray(rows).reshape(-1)
        start = (np.arange(count) * self.width)[:, None]
        steps = self._steps
        missing = np.isnan(flat).any()
        yield node
        for _ in range(self._depth):
            value = flat[start + steps.feature[node]]
            right = value > self.threshold[node]
            if missing:
                absent = np.isnan(value)
                right = np.where(absent, ~self.missing_left[node], right)
            if len(self.goes_left):
                split = self.split[node]
                listed = ~self.goes_left[np.maximum(split, 0), codes(value)]
                right = np.where(split >= 0, listed, right)
            moved = steps.children[2 * node + right]
            if (moved == node).all():
                return
            node = moved
            yield node

    @cached_property
    def _depth(self) -> int:
        """Most steps from a root to a leaf."""
        depth = np.zeros(len(self.feature), dtype=np.int64)
        for node in np.flatnonzero(self.feature >= 0):
            depth[[self.left[node], self.right[node]]] = depth[node] + 1
        return int(depth.max(initial=0))

    @cached_property
    def _steps(self) -> "_Steps":
        """A leaf's children are the leaf itself."""
        own = np.arange(len(self.feature))
        leaf = self.feature < 0
        children = np.empty(2 * len(own), dtype=np.intp)
        children[0::2] = np.where(leaf, own, self.left)
        children[1::2] = np.where(leaf, own, self.right)
        return _Steps(np.maximum(self.feature, 0).astype(np.intp), children)


@dataclass(frozen=True, slots=True)
class _Steps:
    feature: "NDArray[np.intp]"
    children: "NDArray[np.intp]"


def codes(values: Floats) -> Any:
    """Codes of categories from their floats: those out of range, and NaN, become the last."""
    known = (values >= 0) & (values < CODES - 1)
    return np.where(known, values, CODES - 1).astype(np.intp)


@dataclass(frozen=True, slots=True)
class _Column:
    """How a column's value finds its row of the table."""

    feature: int
    thresholds: Floats | None
    """Sorted and unique; None: the column holds categories."""
    start: int
    """First row of the column in the table; the last one is that of a missing value."""


@dataclass(frozen=True, slots=True)
class _Tables:
    """Open leaves by value of a column.

    Attributes:
        columns: the columns that any node looks at.
        table: (r, t) bits of the leaves that are open.
        leaf: (t * 64,) node of a leaf, by tree and bit.
    """

    columns: tuple[_Column, ...]
    table: Bits
    leaf: "NDArray[np.intp]"

    def leaves(self, rows: Floats) -> "NDArray[np.intp]":
        """(t, n) leaf of each tree."""
        trees = self.table.shape[1]
        left = np.full((len(rows), trees), _ALL)
        missing = np.isnan(rows)
        any_missing = missing.any()
        for column in self.columns:
            value = rows[:, column.feature]
            if column.thresholds is None:
                place = codes(value)
            else:
                place = column.thresholds.searchsorted(value)
                if any_missing:
                    place[missing[:, column.feature]] = len(column.thresholds) + 1
            left &= self.table[place + column.start]
        # What is left is one bit more than was asked for, if any: the lowest is the leaf.
        bit = np.bitwise_count((left & (~left + np.uint64(1))) - np.uint64(1))
        place = bit.T + (np.arange(trees) * SHORT_LEAVES)[:, None]
        return np.asarray(self.leaf[place], dtype=np.intp)


def _tables(forest: Forest) -> _Tables | None:
    """Tables of a forest of short trees; None: its trees or tables are too large."""
    ends = np.append(forest.roots[1:], len(forest.feature))
    leaf = np.zeros(len(forest.roots) * SHORT_LEAVES, dtype=np.intp)
    shut = (
        np.zeros(len(forest.feature), dtype=np.uint64),
        np.zeros(len(forest.feature), dtype=np.uint64),
    )
    tree_of = np.zeros(len(forest.feature), dtype=np.intp)
    for tree, (start, end) in enumerate(zip(forest.roots, ends, strict=True)):
        if np.count_nonzero(forest.feature[start:end] < 0) > SHORT_LEAVES:
            return None
        tree_of[start:end] = tree
        _number_leaves(forest, int(start), int(end), leaf[tree * SHORT_LEAVES :], shut)
    if _table_rows(forest) * len(forest.roots) * 8 > _TABLE_BYTES:
        return None
    columns, parts, start = [], [], 0
    for feature in np.unique(forest.feature[forest.feature >= 0]).tolist():
        nodes = np.flatnonzero(forest.feature == feature)
        thresholds, part = _part(forest, nodes, tree_of, shut)
        columns.append(_Column(feature, thresholds, start))
        parts.append(part)
        start += len(part)
    table = np.concatenate(parts) if parts else np.empty((0, len(forest.roots)), dtype=np.uint64)
    return _Tables(tuple(columns), table, leaf)


def _table_rows(forest: Forest) -> int:
    inner = forest.feature >= 0
    return int(np.count_nonzero(inner)) + (CODES + 2) * len(np.unique(forest.feature[inner]))


def _number_leaves(
    forest: Forest, start: int, end: int, leaf: Any, shut: tuple[Bits, Bits]
) -> None:
    """Give the leaves of a tree their bits, from left to right.

    `shut` gets the bits of the leaves below the left and the right child of each node.
    """
    below = [0] * (end - start)
    order: list[int] = []
    waiting = [start]
    while waiting:
        node = waiting.pop()
        order.append(node)
        if forest.feature[node] >= 0:
            waiting += [int(forest.right[node]), int(forest.left[node])]
    bit = 0
    for node in order:
        if forest.feature[node] < 0:
            leaf[bit] = node
            below[node - start] = 1 << bit
            bit += 1
    for node in reversed(order):
        if forest.feature[node] >= 0:
            left, right = below[forest.left[node] - start], below[forest.right[node] - start]
            shut[0][node], shut[1][node] = left, right
            below[node - start] = left | right


def _part(
    forest: Forest, nodes: Any, tree_of: Any, shut: tuple[Bits, Bits]
) -> tuple[Floats | None, Bits]:
    """The rows of one column's table, and its thresholds."""
    trees, (left, right) = len(forest.roots), shut
    if (forest.split[nodes] >= 0).all():
        part = np.full((CODES, trees), _ALL)
        for node in nodes:
            goes = forest.goes_left[forest.split[node]]
            part[:, tree_of[node]] &= np.where(goes, ~right[node], ~left[node])
        return None, part
    thresholds = np.unique(forest.threshold[nodes])
    rank = np.searchsorted(thresholds, forest.threshold[nodes])
    # Row r is for values with r thresholds below them: nodes of a lower rank go right.
    part = np.full((len(thresholds) + 2, trees), _ALL)
    for node, place in zip(nodes, rank, strict=True):
        tree = tree_of[node]
        part[: place + 1, tree] &= ~right[node]
        part[place + 1 : -1, tree] &= ~left[node]
        part[-1, tree] &= ~right[node] if forest.missing_left[node] else ~left[node]
    return thresholds, part
