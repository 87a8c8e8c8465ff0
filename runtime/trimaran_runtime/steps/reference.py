"""What the monitor will compare traffic with: files of the release, from the test rows."""

from typing import TYPE_CHECKING

from trimaran_runtime.data.features import feature_names
from trimaran_runtime.data.parquet import read_parquet
from trimaran_runtime.registry.release import Signature
from trimaran_runtime.steps.step import Context

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.drift.profile import Profile


def reference_profiles(context: Context, signature: Signature) -> dict[str, bytes]:
    """Profiles of the test rows, and of the predictions on them, by role.

    The model never saw these rows, its quality on them is known, and where the split is by time
    they are the newest. Older rows would add seasons that traffic cannot show again, and a model
    is surer of rows it was fitted on. Where the spec asks for it, some of the rows are kept too.
    """
    from trimaran_runtime.drift.level_name import text_of
    from trimaran_runtime.drift.profile import Profile
    from trimaran_runtime.monitoring.predictions import with_scores
    from trimaran_runtime.monitoring.reference_rows import ROLE, answered_rows, reference_rows
    from trimaran_runtime.monitoring.subject import PREDICTION_PROFILE, REFERENCE_PROFILE

    table = read_parquet(context.inputs["splits"] / "test.parquet")
    features = feature_names(context.config.data, table.column_names)
    predictions = read_parquet(context.inputs["evaluation"] / "predictions.parquet")
    segments = _divisible(table, [n for n in context.config.data.segments if n in features])
    reference = Profile.of(table, features, segments=segments).with_correlation(table)
    answers = Profile.of(predictions)
    if len(signature.classes) == 2:
        truth = table[signature.target].to_pylist()
        answers = with_scores(answers, predictions, text_of(signature.classes[1]), truth=truth)
    files = {
        REFERENCE_PROFILE: reference.to_bytes(),
        PREDICTION_PROFILE: answers.to_bytes(),
    }
    watched = context.config.monitor.drift
    if watched.sample_rows:
        answered = None
        if len(signature.classes) == 2:
            answered = answered_rows(predictions, table[signature.target].to_pylist())
        without = {*context.config.redact, *watched.ignore}
        files[ROLE] = reference_rows(
            table, reference, answered, rows=watched.sample_rows, without=without
        )
    time = context.config.data.time
    return files if time is None else files | _over_time(table, time, reference)


def _divisible(table: "pa.Table", segments: list[str]) -> list[str]:
    """Those of the columns whose values are levels: fractions and times have no segments."""
    import pyarrow as pa

    types = {field.name: field.type for field in table.schema}
    return [
        name
        for name in segments
        if not (pa.types.is_floating(types[name]) or pa.types.is_timestamp(types[name]))
    ]


def _over_time(table: "pa.Table", time: str, reference: "Profile") -> dict[str, bytes]:
    """How the reference differs from itself, and from season to season."""
    from trimaran_runtime.drift import history, seasons

    return {
        history.ROLE: history.History.of(table, time, reference).to_json(),
        seasons.ROLE: seasons.Seasons.of(table, time, reference).to_bytes(),
    }
