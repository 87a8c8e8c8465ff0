"""Exact Shapley values of trees, by comparison with reference rows.

A leaf is a game of its own: it answers `v` when every condition on the way to it holds. With some
columns from the row and the others from a reference row, a column of the way either holds both
ways, or only with the row's value (there are `a` of these), or only with the reference's (`b`), or
never, and then the leaf is out of reach. Its Shapley values have a closed form (interventional
TreeSHAP: Lundberg et al., 2020, algorithm 3; Laberge and Pequignot, 2022, section 4):

    v (a-1)! b! / (a+b)!     for each of the a columns,
    -v a! (b-1)! / (a+b)!    for each of the b columns.

Columns are input columns, whatever the preparation made of them, so that a column that became
several (one per level) is one player and not several.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimaran_runtime.explain.contributions import Floats, Places
from trimaran_runtime.lowering.forest import Forest, codes

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Interventional:
    """A forest and the rows that answers are compared with.

    Attributes:
        forest: the trees.
        sources: (d,) place of the input column of each column of the forest.
        columns: p, how many input columns there are.
        reference: (m, d) prepared reference rows.
    """

    forest: Forest
    sources: Places
    columns: int
    reference: Floats

    @property
    def cells(self) -> int:
        """What one row costs: leaves, times the columns on the way to each, times references."""
        return len(self.reference) * sum(len(tree.column) for tree in self._trees)

    def explain(self, rows: Floats) -> Floats:
        """(n, p, t, v) contributions to what each tree answers, from its mean over the reference.

        Args:
            rows: (n, d) prepared rows.
        """
        found = np.zeros((len(rows), self.columns, len(self._trees), self.forest.value.shape[1]))
        left = _goes_left(self.forest, rows)
        for place, tree in enumerate(self._trees):
            holds = tree.holds(left)
            for row in range(len(rows)):
                found[row, :, place] = tree.explain(holds[row], self.columns)
        return found

    @cached_property
    def _trees(self) -> "tuple[_Tree, ...]":
        left = _goes_left(self.forest, self.reference)
        return tuple(
            _tree(self.forest, int(root), self.sources, left) for root in self.forest.roots
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """The ways to the leaves of one tree.

    Attributes:
        node, turns_left: (c,) conditions: at that node, whether the way goes left; those of one
            leaf and one column together.
        first: (q,) place of the first condition of each leaf and column.
        column: (q,) input column of each.
        leaf: (q,) which of the leaves with a way it belongs to, ascending.
        start: (l,) the first place of each leaf in `leaf`.
        value: (l, v) answers of the leaves.
        usual: (m, q) whether the reference rows hold them.
        weights: (2, h, h) of a column that holds with the row only, and with the reference only,
            by a and b.
    """

    node: Places
    turns_left: Booleans
    first: Places
    column: Places
    leaf: Places
    start: Places
    value: Floats
    usual: Booleans
    weights: Floats

    def holds(self, left: Booleans) -> Booleans:
        """(n, q) whether all conditions of a leaf and column hold, by (n, nodes)."""
        return _hold(left, self.node, self.turns_left, self.first)

    def explain(self, row: Booleans, columns: int) -> Any:
        """(columns, v) of one row, whose (q,) conditions hold or not."""
        found = np.zeros((columns, self.value.shape[1]))
        if not len(self.column):
            return found
        gained, lost = row & ~self.usual, ~row & self.usual
        a = np.add.reduceat(gained, self.start, axis=1, dtype=np.intp)
        b = np.add.reduceat(lost, self.start, axis=1, dtype=np.intp)
        reached = np.logical_and.reduceat(row | self.usual, self.start, axis=1)
        up = np.where(reached, self.weights[0][a, b], 0.0)[:, self.leaf]
        down = np.where(reached, self.weights[1][a, b], 0.0)[:, self.leaf]
        share = (np.where(gained, up, 0.0) - np.where(lost, down, 0.0)).mean(axis=0)
        np.add.at(found, self.column, share[:, np.newaxis] * self.value[self.leaf])
        return found


def _hold(left: Booleans, node: Places, turns_left: Booleans, first: Places) -> Booleans:
    if not len(first):
        return np.empty((len(left), 0), dtype=np.bool_)
    met = left[:, node] == turns_left
    return np.asarray(np.logical_and.reduceat(met, first, axis=1), dtype=np.bool_)


def _goes_left(forest: Forest, rows: Floats) -> Booleans:
    """(n, nodes) whether a row would go left at each node; leaves say nothing of use."""
    value = rows[:, np.maximum(forest.feature, 0)]
    left = np.where(np.isnan(value), forest.missing_left, ~(value > forest.threshold))
    if len(forest.goes_left):
        listed = forest.goes_left[np.maximum(forest.split, 0), codes(value)]
        left = np.where(forest.split >= 0, listed, left)
    return left


def _tree(forest: Forest, root: int, sources: Places, reference: Booleans) -> _Tree:
    conditions: list[tuple[int, int, int, bool]] = []
    leaves: list[int] = []
    for leaf, way in _ways(forest, root):
        if way:
            conditions += [
                (len(leaves), int(sources[forest.feature[node]]), node, turns_left)
                for node, turns_left in way
            ]
            leaves.append(leaf)
    conditions.sort()
    table = np.array(conditions, dtype=np.int64).reshape(-1, 4)
    pairs, first = np.unique(table[:, :2], axis=0, return_index=True)
    node, turns_left = table[:, 2], table[:, 3].astype(np.bool_)
    most = int(np.bincount(pairs[:, 0]).max(initial=0))
    return _Tree(
        node=node,
        turns_left=turns_left,
        first=first,
        column=pairs[:, 1],
        leaf=pairs[:, 0],
        start=np.searchsorted(pairs[:, 0], np.arange(len(leaves))),
        value=forest.value[leaves],
        usual=_hold(reference, node, turns_left, first),
        weights=_weights(most),
    )


def _ways(forest: Forest, root: int) -> Iterator[tuple[int, tuple[tuple[int, bool], ...]]]:
    """Every leaf, with the nodes on the way to it and whether the way goes left there."""
    waiting: list[tuple[int, tuple[tuple[int, bool], ...]]] = [(root, ())]
    while waiting:
        node, way = waiting.pop()
        if forest.feature[node] < 0:
            yield node, way
        else:
            waiting.append((int(forest.right[node]), (*way, (node, False))))
            waiting.append((int(forest.left[node]), (*way, (node, True))))


def _weights(most: int) -> Floats:
    """(2, most + 1, most + 1) weights by a and b; 0 where there is no such column."""
    weights = np.zeros((2, most + 1, most + 1))
    for a in range(most + 1):
        for b in range(most + 1 - a):
            orders = factorial(a + b)
            weights[0, a, b] = factorial(a - 1) * factorial(b) / orders if a else 0.0
            weights[1, a, b] = factorial(a) * factorial(b - 1) / orders if b else 0.0
    return weights
