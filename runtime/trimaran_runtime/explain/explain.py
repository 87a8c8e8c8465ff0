"""Explains a model on test rows: the release's file `explanation`."""

from typing import TYPE_CHECKING, Any

import numpy as np

from trimaran_runtime.data.features import to_frame
from trimaran_runtime.evaluation.predictions import truth_of
from trimaran_runtime.evaluation.uncertainty import quantile
from trimaran_runtime.explain.config import ExplainConfig
from trimaran_runtime.explain.contributions import Contributions
from trimaran_runtime.explain.explainer import explainer_of
from trimaran_runtime.explain.explanation import Example, Explanation, Importance, Method, rounded
from trimaran_runtime.explain.permutation import permutation_importance
from trimaran_runtime.explain.reference import frame_of, reference_of
from trimaran_runtime.explain.sampled import MOST_ROWS
from trimaran_runtime.gate.config import Metric

if TYPE_CHECKING:
    import pyarrow as pa

    from trimaran_runtime.registry.release import Signature


def explain(
    model: Any,
    test: "pa.Table",
    signature: "Signature",
    config: ExplainConfig,
    *,
    metric: Metric,
    seed: int,
) -> Explanation:
    """Explain a fitted model.

    Args:
        model: the fitted model, whose answers are finite.
        test: the test rows, with every column of the table.
        signature: what the model takes and gives.
        config: how much is spent.
        metric: the metric that decides.
        seed: of everything drawn.

    Raises:
        Exception: whatever the model raises.
    """
    reference = reference_of(test, signature, seed)
    explainer = explainer_of(model, frame_of(reference, signature), signature, seed=seed)
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.choice(len(test), min(config.rows, len(test)), replace=False))
    rows = test.take(chosen)
    frame = to_frame(rows, [feature.name for feature in signature.features])
    most = MOST_ROWS if explainer.method is Method.sampled else len(frame)
    found = explainer.explain(frame.head(most))
    return Explanation(
        method=explainer.method,
        why=explainer.why,
        scale=explainer.scale,
        outputs=outputs_of(signature),
        base=tuple(rounded(value) for value in found.base),
        rows=len(found.values),
        importances=_importances(found, list(frame.columns)),
        permutation=permutation_importance(
            model,
            frame,
            truth_of(rows, signature),
            signature,
            metric=metric,
            repeats=config.repeats,
            seed=seed,
        ),
        examples=tuple(
            Example(row=int(chosen[at]), contributions=_by_column(found, at, frame.columns))
            for at in range(min(config.examples, len(found.values)))
        ),
        seed=seed,
        reference=reference,
    )


def outputs_of(signature: "Signature") -> tuple[Any, ...]:
    """The classes that are explained: of two the second."""
    return signature.classes[1:] if len(signature.classes) == 2 else signature.classes


def _by_column(found: Contributions, at: int, columns: Any) -> dict[str, tuple[float, ...]]:
    return {
        name: tuple(rounded(value) for value in found.values[at, place])
        for place, name in enumerate(columns)
    }


def _importances(found: Contributions, columns: list[str]) -> tuple[Importance, ...]:
    sizes = np.abs(found.values).mean(axis=2)
    means = sizes.mean(axis=0)
    reach = quantile(0.975) * sizes.std(axis=0, ddof=1) / np.sqrt(len(sizes))
    error = None if found.error is None else np.sqrt(np.square(found.error).mean(axis=(0, 2)))
    importances = [
        Importance(
            feature=name,
            value=rounded(means[at]),
            low=rounded(max(means[at] - reach[at], 0.0)),
            high=rounded(means[at] + reach[at]),
            sampling_error=None if error is None else rounded(error[at]),
        )
        for at, name in enumerate(columns)
    ]
    return tuple(sorted(importances, key=lambda found: (-found.value, found.feature)))
