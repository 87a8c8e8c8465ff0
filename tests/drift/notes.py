"""Columns of free text and of vectors, and changes of them that matter."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

SIZE = 32
WORDS = np.array(["w" + "".join(letters) for letters in product("abcdefghijklm", repeat=3)])
Draw = np.random.Generator
Texts = npt.NDArray[np.object_]
Vectors = npt.NDArray[np.float32]


def texts(draw: Draw, rows: int, first: int = 0) -> Texts:
    """Texts of one to twenty words, some far more frequent than others."""
    lengths = np.minimum(1 + draw.poisson(8, rows), 20)
    ranks = np.minimum(draw.zipf(1.4, int(lengths.sum())) - 1, 1_500) + first
    parts = np.split(WORDS[ranks], np.cumsum(lengths)[:-1])
    return np.array([" ".join(part.tolist()) for part in parts], object)


def bursts(draw: Draw, rows: int) -> Texts:
    """Texts that say one word over and over: nothing is less like words drawn one by one."""
    times = 3 + draw.poisson(20, rows)
    words = WORDS[np.minimum(draw.zipf(1.4, rows) - 1, 1_500)]
    return np.array([" ".join([w] * n) for w, n in zip(words, times, strict=True)], object)


def vectors(draw: Draw, rows: int) -> Vectors:
    """Embeddings of length about 1, whose coordinates go together and differ in width."""
    mixing = np.random.default_rng(99).normal(size=(SIZE, SIZE)) / np.arange(1, SIZE + 1)
    found = draw.normal(size=(rows, SIZE)) @ mixing + 0.3
    return (found / np.linalg.norm(found, axis=1).mean()).astype(np.float32)


def _some(share: float, change: Callable[[str], str | None]) -> Callable[[Texts, Draw], Texts]:
    """Texts of which a share is changed."""

    def made(given: Texts, draw: Draw) -> Texts:
        changed = np.array([change(text) for text in given], object)
        return np.where(draw.random(len(given)) < share, changed, given)

    return made


def _other_topic(given: Texts, draw: Draw) -> Texts:
    return np.where(draw.random(len(given)) < 0.15, texts(draw, len(given), first=400), given)


TEXT_CHANGES: dict[str, Callable[[Texts, Draw], Texts]] = {
    "a fifth is twice as long": _some(0.2, lambda text: f"{text} {text}"),
    "a tenth says numbers": _some(0.1, lambda text: f"{text} 0123456789"),
    "a tenth is in other letters": _some(0.1, lambda text: text.replace("w", "щ")),
    "one in twenty is empty": _some(0.05, lambda text: ""),
    "one in twenty is missing": _some(0.05, lambda text: None),
    "a seventh is about something else": _other_topic,
}
"""Of the last, lengths and letters are as they were."""


def listed(values: Vectors) -> pa.Array:
    """Vectors as an Arrow column."""
    return pa.FixedSizeListArray.from_arrays(
        pa.array(np.ascontiguousarray(values).ravel()), values.shape[1]
    )


def _moved(given: Vectors, draw: Draw) -> pa.Array:
    direction = np.random.default_rng(3).normal(size=SIZE).astype(np.float32)
    return listed(given + np.float32(0.25) * given.std(axis=0) * direction)


def _turned(given: Vectors, draw: Draw) -> pa.Array:
    # As another model's would be: each vector as long as it was.
    turn, _ = np.linalg.qr(np.random.default_rng(4).normal(size=(SIZE, SIZE)))
    return listed((given @ turn).astype(np.float32))


def _put(value: float, share: float) -> Callable[[Vectors, Draw], pa.Array]:
    def made(given: Vectors, draw: Draw) -> pa.Array:
        changed = given.copy()
        changed[draw.random(len(given)) < share, 5] = value
        return listed(changed)

    return made


def _cut(given: Vectors, draw: Draw) -> pa.Array:
    cut = draw.random(len(given)) < 0.03
    lists: list[Any] = [row[:16] if c else row for row, c in zip(given, cut, strict=True)]
    return pa.array(lists, pa.list_(pa.float32()))


VECTOR_CHANGES: dict[str, Callable[[Vectors, Draw], pa.Array]] = {
    "all move a quarter of a standard deviation": _moved,
    "all are a tenth longer": lambda given, draw: listed(given * np.float32(1.1)),
    "all are of another model": _turned,
    "all are of another width": lambda given, draw: listed(given[:, :24]),
    "one in thirty is of another width": _cut,
    "one in thirty lacks a number": _put(np.nan, 0.03),
    "one in a hundred is infinite": _put(np.inf, 0.01),
}
