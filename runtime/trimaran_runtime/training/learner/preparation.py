"""The first half of a built-in learner's model: which columns it takes, and how it reads them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trimaran_runtime.data.config import ColumnType
from trimaran_runtime.data.features import column_type
from trimaran_runtime.training.learner.columns import calendar, numbers, texts

if TYPE_CHECKING:
    import pyarrow as pa

_HASHED_WORDS = 4096
_TOPICS = 16
"""Dimensions that a text is reduced to for trees."""
_ONE_HOT_LEVELS = 64
_ORDINAL_LEVELS = 254
"""scikit-learn's boosted trees take at most 255 bins of a category, one of which is "missing"."""
_WORDS = 1.5
"""Texts with fewer words on average are identifiers, not language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Feature columns by how they are read.

    Attributes:
        numbers: numbers, whole numbers and booleans.
        categories: texts that repeat.
        times: timestamps.
        texts: texts in words.
        dropped: texts that are neither; no learner sees them.
    """

    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about columns that are left out."""
        return tuple(
            f"column {name!r} is left out: nearly every row has a text of its own, of one word"
            for name in self.dropped
        )


def columns_of(train: "pa.Table", features: list[str]) -> Columns:
    """Sort the feature columns of the training rows, in normal form."""
    found: dict[str, list[str]] = {}
    for name in features:
        found.setdefault(_kind(train.column(name)), []).append(name)
    return Columns(**{kind: tuple(names) for kind, names in found.items()})


def _kind(column: Any) -> str:
    match column_type(column):
        case ColumnType.category:
            return "categories"
        case ColumnType.timestamp:
            return "times"
        case ColumnType.text:
            return "texts" if _words(column) >= _WORDS else "dropped"
        case _:
            return "numbers"


def _words(column: Any) -> float:
    import pyarrow.compute as pc

    mean = pc.mean(pc.list_value_length(pc.utf8_split_whitespace(pc.utf8_trim(column, " "))))
    return float(mean.as_py() or 0)


def for_linear(columns: Columns) -> Any:
    """Everything scaled, filled and one-hot: (n, d), sparse where that is smaller."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    scaled = [(_of(numbers), columns.numbers), (_of(calendar), columns.times)]
    parts: list[tuple[str, Any, Any]] = [
        (str(reader.func.__name__), make_pipeline(reader, _filled(), StandardScaler()), list(names))
        for reader, names in scaled
        if names
    ]
    if columns.categories:
        encoder = OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=_ONE_HOT_LEVELS
        )
        parts.append(("categories", encoder, list(columns.categories)))
    for name in columns.texts:
        steps = make_pipeline(_of(texts), _hashed(), TfidfTransformer(sublinear_tf=True))
        # A name, not a list of one: the vectoriser takes a column.
        parts.append((f"text {name}", steps, name))
    return ColumnTransformer(parts)


def for_trees(columns: Columns, *, seed: int, filled: bool) -> Any:
    """Categories first and as whole numbers, the rest as it is: (n, d), dense.

    Args:
        columns: the columns.
        seed: of the reduction of texts.
        filled: whether what is missing is filled in; if not, it stays NaN.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    unknown, missing = (-1, -2) if filled else (float("nan"), float("nan"))
    parts: list[tuple[str, Any, Any]] = []
    if columns.categories:
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=unknown,
            encoded_missing_value=missing,
            max_categories=_ORDINAL_LEVELS,
        )
        parts.append(("categories", encoder, list(columns.categories)))
    for reader, names in ((_of(numbers), columns.numbers), (_of(calendar), columns.times)):
        if names:
            steps = make_pipeline(reader, _filled()) if filled else reader
            parts.append((str(reader.func.__name__), steps, list(names)))
    for name in columns.texts:
        topics = TruncatedSVD(_TOPICS, random_state=seed)
        steps = make_pipeline(_of(texts), _hashed(), TfidfTransformer(sublinear_tf=True), topics)
        parts.append((f"text {name}", steps, name))
    return ColumnTransformer(parts, sparse_threshold=0)


def _of(function: Any) -> Any:
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(function)


def _filled() -> Any:
    """The median, and a column that says where something was missing."""
    from sklearn.impute import SimpleImputer

    return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)


def _hashed() -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(n_features=_HASHED_WORDS, alternate_sign=False, norm=None)
