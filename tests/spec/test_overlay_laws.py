"""The laws of what a stack lays over a spec."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trimaran.spec.document import Document, leaves, lookup
from trimaran.spec.overlay import apply_overrides

KEYS = st.text("abc", min_size=1, max_size=2)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", "1", "true"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
SECTIONS = st.dictionaries(KEYS, VALUES, max_size=4)


def paths(value: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """Leaves by path; lists and empty sections are leaves."""
    found: dict[tuple[str, ...], Any] = {}

    def walk(item: Any, path: tuple[str, ...]) -> None:
        if isinstance(item, dict) and item:
            for key, inner in item.items():
                walk(inner, (*path, key))
        elif path:
            found[path] = item

    walk(value, ())
    return found


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document, and overrides by dotted path none of which leads through a value."""
    document = draw(SECTIONS)
    chosen: dict[tuple[str, ...], Any] = {}
    candidates = [*paths(document), *draw(st.lists(st.lists(KEYS, min_size=1, max_size=3)))]
    for candidate in candidates:
        path = tuple(candidate)
        if draw(st.booleans()) and fits(document, path) and apart(path, chosen):
            chosen[path] = draw(SCALARS | st.lists(SCALARS, max_size=2))
    return document, {".".join(path): value for path, value in chosen.items()}


def fits(document: Any, path: tuple[str, ...]) -> bool:
    for part in path:
        if not isinstance(document, dict):
            return False
        document = document.get(part)
        if document is None:
            return True
    return True


def apart(path: tuple[str, ...], others: dict[tuple[str, ...], Any]) -> bool:
    return not any(path[: len(other)] == other or other[: len(path)] == path for other in others)


def merged(document: dict[str, Any], overrides: dict[str, Any]) -> Document:
    return apply_overrides(
        Document(name="spec", value=document), Document(name="stack", value=overrides)
    )


@given(SECTIONS)
def test_nothing_laid_over_changes_nothing(document: dict[str, Any]) -> None:
    assert merged(document, {}).value == document


@given(cases())
@settings(max_examples=200)
def test_what_is_laid_over_is_there(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    document, overrides = case
    result = merged(document, overrides)
    for path, value in overrides.items():
        assert lookup(result.value, tuple(path.split("."))) == value
        assert result.source_of(tuple(path.split("."))) == "stack"


@given(cases())
@settings(max_examples=200)
def test_what_is_not_named_stays(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    document, overrides = case
    result = merged(document, overrides)
    named = {tuple(path.split(".")): None for path in overrides}
    for path, value in paths(document).items():
        if apart(path, named):
            assert lookup(result.value, path) == value


@given(cases())
def test_twice_is_once(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    document, overrides = case
    once = merged(document, overrides)
    again = apply_overrides(once, Document(name="stack", value=overrides))
    assert again.value == once.value
    assert again.sources == once.sources


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_paths_does_not_matter(
    case: tuple[dict[str, Any], dict[str, Any]], random: Any
) -> None:
    document, overrides = case
    shuffled = list(overrides.items())
    random.shuffle(shuffled)
    assert merged(document, dict(shuffled)).value == merged(document, overrides).value


@given(cases())
def test_nested_sections_mean_the_same_as_dotted_paths(
    case: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    document, overrides = case
    nested: dict[str, Any] = {}
    for path, value in overrides.items():
        *sections, last = path.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    assert merged(document, nested).value == merged(document, overrides).value


@given(cases())
def test_nothing_given_is_changed_in_place(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    document, overrides = case
    before = (repr(document), repr(overrides))
    merged(document, overrides)
    assert (repr(document), repr(overrides)) == before


def test_an_empty_section_changes_no_section() -> None:
    assert merged({"gate": {"floor": 1}}, {"gate": {}}).value == {"gate": {"floor": 1}}
    assert merged({"capture": None}, {"capture": {}}).value == {"capture": {}}


def test_a_list_is_replaced_whole() -> None:
    assert merged({"steps": [10, 50, 100]}, {"steps": [100]}).value == {"steps": [100]}


def test_a_name_with_a_dot_is_written_nested() -> None:
    result = merged({}, {"data": {"columns": {"a.b": {"nullable": False}}}})
    assert result.value == {"data": {"columns": {"a.b": {"nullable": False}}}}


def test_leaves_of_a_document_have_paths_that_lead_back() -> None:
    value = {"a": [{"b": 1}, {}], "c": {"d": None}}
    assert all(lookup(value, path) == item for path, item in leaves(value))
