"""What each installed cloud does with every field, as rows of a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimaran.clouds import installed_clouds, resolve_cloud
from trimaran_providers.contract.capabilities import Capabilities, Capability
from trimaran_providers.contract.errors import CloudMissingError
from trimaran_providers.contract.spec import StackSpec


@dataclass(frozen=True, slots=True)
class Row:
    """One field.

    Attributes:
        field: dotted path, or `path=value` for a member of a closed set.
        cells: capability by cloud; a cloud that does not mention the field is left out.
    """

    field: str
    cells: Mapping[str, Capability]


def clouds_and_rows() -> tuple[list[str], list[Row]]:
    """Clouds that can be loaded, and a row for every field that one of them mentions."""
    tables: dict[str, Capabilities] = {}
    for name in installed_clouds():
        try:
            tables[name] = resolve_cloud(name).capabilities
        except CloudMissingError:
            # Its extra is not installed: it cannot be asked. `trimaran doctor` says how to get it.
            continue
    fields = list(dict.fromkeys(key for known in tables.values() for key in known.table))
    rows = []
    for field in sorted(fields, key=lambda field: _position(field, fields)):
        found = {name: _of(table, field) for name, table in tables.items()}
        rows.append(Row(field, {name: cell for name, cell in found.items() if cell is not None}))
    return list(tables), rows


def _position(field: str, fields: list[str]) -> tuple[int, int, str]:
    """Sections in the order of the spec; the members of a closed set beside their field."""
    base = field.partition("=")[0]
    section = list(StackSpec.model_fields).index(base.partition(".")[0])
    return section, min(n for n, f in enumerate(fields) if f.partition("=")[0] == base), field


def _of(capabilities: Capabilities, field: str) -> Capability | None:
    """As `Capabilities.of`, for a key of the table."""
    parts = field.partition("=")[0].split(".")
    keys = [field, *(".".join(parts[:length]) for length in range(len(parts), 0, -1))]
    return next((capabilities.table[key] for key in keys if key in capabilities.table), None)
