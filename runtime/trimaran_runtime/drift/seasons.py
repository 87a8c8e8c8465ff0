"""A reference by hour of the week and by month: traffic is compared with its own season."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Self

import numpy as np

from trimaran_runtime.drift.bins import NumberBins
from trimaran_runtime.drift.config import FacetName
from trimaran_runtime.drift.key import Keys
from trimaran_runtime.drift.level import LevelSummary
from trimaran_runtime.drift.number import NumberSummary
from trimaran_runtime.drift.profile import Profile
from trimaran_runtime.drift.summary import Summary
from trimaran_runtime.errors import Corrupted

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"TRMSEAS\x01"
"""The last byte is the version of the format."""
ROLE = "reference_seasons"
"""Role of the release's file with the seasons of its reference."""
SEASONAL = frozenset({FacetName.missing, FacetName.js, FacetName.ks, FacetName.w1, FacetName.share})
"""What is compared within the season; ranges, tails and sets of levels are the whole's."""
WEEKS = 4
"""Weeks of history from which on hours of the week are told apart."""
_WEEK = timedelta(days=7)
_YEAR = timedelta(days=365)
_HOUR = timedelta(hours=1)
_HOURS = 168
_FEW_KEYS = 128
"""More than bins can be: 32 of equal mass, 32 atoms, 33 between them."""
_LEVELS = 64
_REST = "(rest)"
_SLOT = struct.Struct("<BI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """The reference's rows of one season.

    Attributes:
        profile: those rows, coarse.
        seasons: where they come from; says how to make current rows as coarse.
        words: which rows they are.
    """

    profile: Profile
    seasons: "Seasons"
    words: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seasons:
    """Coarse profiles of a reference by season: numbers in its 32 bins, levels but for the rare.

    Attributes:
        whole: coarse profile of all rows.
        hours: by hour of the week, 0 is Monday 00:00 UTC; empty: less than four weeks are known.
        months: by month, 1 to 12; empty: less than a year is known.
    """

    whole: Profile
    hours: Mapping[int, Profile] = field(default_factory=dict)
    months: Mapping[int, Profile] = field(default_factory=dict)

    @classmethod
    def of(cls, table: "pa.Table", time: str, reference: Profile) -> Self:
        """Seasons of the rows that a reference profile was made of.

        Args:
            table: the rows, with the reference's columns and `time`.
            time: timestamp column; rows without one belong to no season.
            reference: profile of the rows.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        whole, alone = _coarse(reference, reference), reference.without_parts()
        moments = pc.cast(table[time], pa.timestamp("us"), safe=False)
        ends = pc.min_max(moments)
        if not ends["min"].is_valid:
            return cls(whole=whole)
        span = ends["max"].as_py() - ends["min"].as_py()
        day = pc.multiply(pc.day_of_week(moments), 24)
        slots = {"hours": pc.add(day, pc.hour(moments)), "months": pc.month(moments)}
        enough = {"hours": span >= WEEKS * _WEEK, "months": span >= _YEAR - _WEEK}
        found: dict[str, dict[int, Profile]] = {"hours": {}, "months": {}}
        for name, places in slots.items():
            for slot in sorted(pc.unique(places.drop_null()).to_pylist()) if enough[name] else ():
                rows = table.filter(pc.equal(places, slot))
                profile = Profile.of(rows, reference.columns, alone)
                found[name][slot] = _coarse(profile, reference)
        return cls(whole=whole, hours=found["hours"], months=found["months"])

    def choose(self, since: datetime, until: datetime, min_rows: int) -> Season | str:
        """Rows of the window's season, or why it is compared with all.

        A window shorter than a week is compared with the same hours of the week; a longer one
        with the same months; with everything where that history, or enough rows of it, lack.

        Args:
            since: beginning of the window, UTC.
            until: end of the window, UTC.
            min_rows: fewest rows of a season.
        """
        if until - since < _WEEK:
            known, slots, what = self.hours, _hours(since, until), "the same hours of the week"
            lacks = f"less than {WEEKS} weeks"
        else:
            known, slots, what = self.months, _months(since, until), "the same months"
            lacks = "less than a year"
        if not known:
            return f"compared with the whole reference, which holds {lacks}"
        profiles = [known[slot] for slot in slots if slot in known]
        rows = sum(profile.rows for profile in profiles)
        if len(profiles) < len(slots) or rows < min_rows:
            return f"compared with the whole reference, which has {rows:,} rows of {what}"
        merged = reduce(Profile.merge, profiles)
        words = f"compared with the reference's {rows:,} rows of {what}"
        return Season(profile=merged, seasons=self, words=words)

    def coarse(self, profile: Profile) -> Profile:
        """A profile made with the reference, as coarse as the seasons are."""
        return _coarse(profile, self.whole)

    def to_bytes(self) -> bytes:
        """Compact bytes; equal seasons give equal bytes."""
        parts = [MAGIC]
        for kind, slots in enumerate(({0: self.whole}, self.hours, self.months)):
            for slot, profile in sorted(slots.items()):
                content = profile.to_bytes()
                parts += [_SLOT.pack(_code(kind, slot), len(content)), content]
        return b"".join(parts)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read `to_bytes` back; raises Corrupted on anything else."""
        if not content.startswith(MAGIC):
            raise _corrupted("they do not start like some")
        found: dict[int, Profile] = {}
        at = len(MAGIC)
        while at < len(content):
            if len(content) - at < _SLOT.size:
                raise _corrupted("they end too early")
            code, size = _SLOT.unpack_from(content, at)
            at += _SLOT.size
            if size > len(content) - at or code in found:
                raise _corrupted("a profile is cut off, or comes twice")
            found[code] = Profile.from_bytes(content[at : at + size])
            at += size
        if 0 not in found or max(found) > _HOURS + 12:
            raise _corrupted("a season is not one")
        return cls(
            whole=found[0],
            hours={code - 1: p for code, p in found.items() if 1 <= code <= _HOURS},
            months={code - _HOURS: p for code, p in found.items() if code > _HOURS},
        )


def _code(kind: int, slot: int) -> int:
    """0 for the whole, 1 to 168 for hours, 169 to 180 for months."""
    return (0, slot + 1, slot + _HOURS)[kind]


def _hours(since: datetime, until: datetime) -> list[int]:
    first = since.replace(minute=0, second=0, microsecond=0)
    count = max(1, -((first - until) // _HOUR))
    moments = (first + place * _HOUR for place in range(min(count, _HOURS)))
    return list(dict.fromkeys(m.weekday() * 24 + m.hour for m in moments))


def _months(since: datetime, until: datetime) -> list[int]:
    days: Iterable[int] = range(min((until - since).days, 366) + 1)
    moments = (min(since + timedelta(days=day), until) for day in days)
    return list(dict.fromkeys(moment.month for moment in moments))


def _coarse(profile: Profile, reference: Profile) -> Profile:
    columns = {
        name: _coarse_column(column, reference.columns[name])
        for name, column in profile.columns.items()
        if name in reference.columns
    }
    return Profile(rows=profile.rows, columns=columns)


def _coarse_column(column: Summary, reference: Summary) -> Summary:
    if isinstance(column, NumberSummary) and isinstance(reference, NumberSummary):
        return _in_bins(column, _starts(reference)) if reference.finite else column
    if isinstance(column, LevelSummary) and isinstance(reference, LevelSummary):
        if column.buckets is not None or reference.buckets is not None:
            return column
        ranked = sorted(reference.levels, key=lambda name: (-reference.levels[name], name))
        kept = set(ranked[:_LEVELS]) | {_REST}
        levels: dict[str, int] = {}
        for name, rows in column.levels.items():
            named = name if name in kept else _REST
            levels[named] = levels.get(named, 0) + rows
        return LevelSummary(missing=column.missing, levels=levels)
    return column


def _starts(reference: NumberSummary) -> Keys:
    """First key of each bin. Few keys are bins already: those of a coarse summary are."""
    if len(reference.keys) <= _FEW_KEYS:
        return reference.keys
    bins = NumberBins.of(reference)
    return bins.keys[np.searchsorted(bins.bin_of, np.arange(bins.size))]


def _in_bins(column: NumberSummary, starts: Keys) -> NumberSummary:
    at = np.maximum(np.searchsorted(starts, column.keys, side="right") - 1, 0)
    counts = np.bincount(at, column.counts, minlength=len(starts)).astype(np.int64)
    return replace(column, keys=starts[counts > 0], counts=counts[counts > 0])


def _corrupted(why: str) -> Corrupted:
    return Corrupted(
        f"the seasons of the reference cannot be read: {why}",
        where="drift",
        next_step="restore the object, or run the pipeline again",
    )
