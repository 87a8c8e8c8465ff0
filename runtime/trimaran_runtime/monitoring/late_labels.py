"""Labels that arrive after the predictions, each found by the id of its event."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trimaran_runtime.drift.level_name import text_of
from trimaran_runtime.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

WHOLE_REQUEST = -1
"""Row of a label that does not say which row of its request it is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelColumns:
    """Columns of a table of labels.

    Attributes:
        event_id: id of the request, as it was captured.
        value: the true value.
        row: place of the row in its request, from 0; None: every request had one row.
    """

    event_id: str = "event_id"
    value: str = "label"
    row: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns: id and value, and the row where there is one."""
        return [self.event_id, self.value, *([self.row] if self.row else [])]


@dataclass(slots=True, kw_only=True)
class Labels:
    """True values by event and row; memory grows with those that are wanted, and nothing else.

    Attributes:
        values: by event id and row.
        read: rows read.
        repeated: rows that say again what an earlier one said.
        revised: rows that say otherwise than an earlier one; what was read last holds.
        unreadable: rows without an id, or without a value.
        other: rows of events whose labels are not wanted.
    """

    values: dict[tuple[str, int], Any] = field(default_factory=dict)
    read: int = 0
    repeated: int = 0
    revised: int = 0
    unreadable: int = 0
    other: int = 0

    @classmethod
    def of(
        cls,
        tables: "Iterable[pa.Table]",
        columns: LabelColumns | None = None,
        *,
        events: Collection[str] | None = None,
    ) -> "Labels":
        """Read labels.

        Args:
            tables: as they stream from a source (`Chunk.table` of an opened one), oldest first.
            columns: their names; None: `event_id` and `label`.
            events: ids whose labels are wanted; those of others are counted and no more, however
                many there are. None: all.

        Raises:
            DataError: a column is absent.
        """
        named, found = columns or LabelColumns(), cls()
        wanted = None if events is None else frozenset(events)
        for table in tables:
            found._add(table, named, wanted)
        return found

    def _add(self, table: "pa.Table", columns: LabelColumns, wanted: frozenset[str] | None) -> None:
        names = columns.names
        if absent := [name for name in names if name not in table.column_names]:
            raise DataError(
                f"the labels have no column {absent[0]!r}",
                where="labels",
                allowed=", ".join(table.column_names[:20]),
            )
        events, values = (table[name].to_pylist() for name in names[:2])
        rows = table[columns.row].to_pylist() if columns.row else [WHOLE_REQUEST] * len(events)
        for event, row, value in zip(events, rows, values, strict=True):
            self.read += 1
            if event is None or value is None or value != value or not _is_place(row):
                self.unreadable += 1
                continue
            key = (text_of(event), int(row))
            if wanted is not None and key[0] not in wanted:
                self.other += 1
                continue
            if key not in self.values:
                self.values[key] = value
            elif self.values[key] == value:
                self.repeated += 1
            else:
                self.revised += 1
                self.values[key] = value


def _is_place(row: Any) -> bool:
    return isinstance(row, (int, float)) and row == int(row) and row >= WHOLE_REQUEST
