"""Free text: how long, of what characters, with which words; the texts themselves are not kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from trimaran_runtime.drift.binary import Reader, Writer, count
from trimaran_runtime.drift.histogram import RunningHistogram
from trimaran_runtime.drift.key import Counts
from trimaran_runtime.drift.number import NumberSummary

if TYPE_CHECKING:
    import pyarrow as pa

WORD_BUCKETS = 1024
"""Words are counted by hash into so many buckets."""
STATISTICS = ("characters", "words", "ascii", "digits", "spaces")
"""What is told of each text: characters, words between ASCII blanks, and the shares of ASCII
characters, digits and blanks among the characters, 0 to 1 (0 of an empty text)."""

IN_WORDS = {
    "characters": "characters per text",
    "words": "words per text",
    "ascii": "share of ASCII characters",
    "digits": "share of digits",
    "spaces": "share of blanks",
}
"""The same for sentences."""

_BLOCK_ROWS = 65_536
_BLOCK_BYTES = 256 << 10
_each = np.arange(256, dtype=np.uint8)
_SPACE = np.isin(_each, [9, 10, 11, 12, 13, 32])
_DIGIT = (_each >= ord("0")) & (_each <= ord("9"))
_ASCII = _each < 0x80
_FIRST = (_each & 0xC0) != 0x80
"""First bytes of UTF-8 characters."""
_LOWER = np.where((_each >= ord("A")) & (_each <= ord("Z")), _each + 32, _each)
_PRIME = np.uint64(0x100000001B3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextSummary:
    """A column of free text.

    Attributes:
        missing: nulls.
        statistics: histogram of each of `STATISTICS` over the texts.
        buckets: words by the hash of their lower case (ASCII letters), shape `(1024,)`.
    """

    missing: int
    statistics: Mapping[str, NumberSummary]
    buckets: Counts

    @property
    def kind(self) -> Literal["text"]:
        """`text`."""
        return "text"

    @property
    def present(self) -> int:
        """Texts that are not missing."""
        return self.statistics["characters"].rows

    @property
    def rows(self) -> int:
        """All rows."""
        return self.present + self.missing

    def merge(self, other: Self) -> Self:
        """Summary of the rows of both."""
        return type(self)(
            missing=self.missing + other.missing,
            statistics={n: self.statistics[n].merge(other.statistics[n]) for n in STATISTICS},
            buckets=self.buckets + other.buckets,
        )

    def describe(self, writer: Writer) -> dict[str, Any]:
        """The numbers, as JSON; arrays go into `writer`."""
        statistics = {name: self.statistics[name].describe(writer) for name in STATISTICS}
        writer.integers(self.buckets)
        return {"kind": "text", "missing": self.missing, "statistics": statistics}

    @classmethod
    def restore(cls, described: Mapping[str, Any], reader: Reader) -> Self:
        """What `describe` told; raises ValueError, KeyError or TypeError on anything else."""
        told = described["statistics"]
        return cls(
            missing=count(described["missing"]),
            statistics={name: NumberSummary.restore(told[name], reader) for name in STATISTICS},
            buckets=reader.integers(WORD_BUCKETS),
        )

    def check(self) -> str:
        """What is impossible about the numbers; empty when nothing is."""
        for name in STATISTICS:
            found = self.statistics[name]
            if found.kind != "number" or found.rows != self.present or found.centre:
                return f"impossible {name}"
            if wrong := found.check():
                return wrong
        return ""


class TextTally:
    """Free text in the making."""

    def __init__(self) -> None:
        self._missing = 0
        self._histograms = {name: RunningHistogram(0.0, sparse=True) for name in STATISTICS}
        self._buckets: Counts = np.zeros(WORD_BUCKETS, np.int64)

    def add(self, array: "pa.Array") -> None:
        """Count texts of an array of strings."""
        for start in range(0, len(array), _BLOCK_ROWS):
            texts = _plain(array.slice(start, _BLOCK_ROWS))
            self._missing += min(len(array) - start, _BLOCK_ROWS) - len(texts)
            for content, offsets in _blocks(texts):
                self._count(content, offsets)

    def summary(self) -> TextSummary:
        """The summary of everything added."""
        return TextSummary(
            missing=self._missing,
            statistics={name: found.summary("number") for name, found in self._histograms.items()},
            buckets=self._buckets,
        )

    def _count(self, content: npt.NDArray[np.uint8], offsets: Counts) -> None:
        blank = _SPACE[content]
        begins = ~blank
        begins[1:] &= blank[:-1] | _marks(offsets, len(content))[1:]
        characters = _per_row(_FIRST[content], offsets)
        some = np.maximum(characters, 1)
        found = {
            "characters": characters,
            "words": _per_row(begins, offsets),
            "ascii": _per_row(_ASCII[content], offsets) / some,
            "digits": _per_row(_DIGIT[content], offsets) / some,
            "spaces": _per_row(blank, offsets) / some,
        }
        for name, values in found.items():
            self._histograms[name].add(values)
        self._buckets += _words(content[~blank], begins[~blank])


def _plain(array: "pa.Array") -> "pa.Array":
    """Texts of an array, nulls left out."""
    import pyarrow as pa

    if isinstance(array, pa.DictionaryArray):
        array = array.dictionary_decode()
    return (array.drop_null() if array.null_count else array).cast(pa.large_string())


def _blocks(texts: "pa.Array") -> Iterator[tuple[npt.NDArray[np.uint8], Counts]]:
    """Bytes of up to 256 KiB of texts, one after the other, and where each begins and ends."""
    if not len(texts):
        return
    _, offset_buffer, content_buffer = texts.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    content = np.frombuffer(content_buffer or b"", np.uint8)
    at = 0
    while at < len(texts):
        limit = int(np.searchsorted(offsets, offsets[at] + _BLOCK_BYTES, side="right")) - 1
        # One text may take more than a block, and gets one of its own.
        end = min(max(limit, at + 1), len(texts))
        yield content[offsets[at] : offsets[end]], offsets[at : end + 1] - offsets[at]
        at = end


def _marks(offsets: Counts, size: int) -> npt.NDArray[np.bool_]:
    """Where texts begin."""
    marks = np.zeros(size + 1, np.bool_)
    marks[offsets[:-1]] = True
    return marks[:size]


def _per_row(flags: npt.NDArray[np.bool_], offsets: Counts) -> Counts:
    sums = np.concatenate([[0], np.cumsum(flags)])
    counts: Counts = sums[offsets[1:]] - sums[offsets[:-1]]
    return counts


def _words(letters: npt.NDArray[np.uint8], begins: npt.NDArray[np.bool_]) -> Counts:
    """Words by bucket: a polynomial over their bytes modulo 2^64, mixed as SplitMix64 does."""
    starts = np.flatnonzero(begins)
    if not len(starts):
        return np.zeros(WORD_BUCKETS, np.int64)
    lengths = np.diff(np.append(starts, len(letters)))
    place = np.arange(len(letters)) - np.repeat(starts, lengths)
    powers = np.cumprod(np.full(int(lengths.max()), _PRIME))
    hashes = np.add.reduceat((_LOWER[letters] + np.uint64(1)) * powers[place], starts)
    return np.bincount(
        (mixed(hashes) % np.uint64(WORD_BUCKETS)).astype(np.intp), minlength=WORD_BUCKETS
    )


def mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014): every bit depends on all."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
