"""The explainer that fits a model: exact where there is a way, sampled otherwise.

Nothing is taken on trust from a model's class: that the contributions add up to the model's own
answers is tried on rows, and what does not add up is explained by sampling.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from trimaran_runtime.explain.contributions import Contributions
from trimaran_runtime.explain.explanation import Method, Scale
from trimaran_runtime.explain.linear import Linear, linear_of
from trimaran_runtime.explain.sampled import Sampled
from trimaran_runtime.explain.sources import Mixed, sources_of, transformed
from trimaran_runtime.explain.tree import Tree, tree_of

if TYPE_CHECKING:
    import pandas as pd

    from trimaran_runtime.explain.contributions import Places
    from trimaran_runtime.registry.release import Signature


class Explainer(Protocol):
    """Explains rows of the model's input."""

    @property
    def method(self) -> Method:
        """How contributions are found."""

    @property
    def scale(self) -> Scale:
        """What contributions add up to."""

    @property
    def why(self) -> str:
        """Why by that method."""

    def explain(self, frame: "pd.DataFrame") -> Contributions:
        """Contributions of the n rows of a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """A model of known form, behind transformers that keep columns apart.

    Attributes:
        transformers: the fitted steps before the model.
        sources: (m,) place of the input column of each derived column.
        form: the model's closed form.
        method, scale, why: see `Explanation`.
    """

    transformers: list[Any]
    sources: "Places"
    form: Linear | Tree
    method: Method
    scale: Scale
    why: str = field(default="contributions are exact, and add up to the model's own answers")

    def explain(self, frame: "pd.DataFrame") -> Contributions:
        derived = transformed(self.transformers, frame)
        return self.form.explain(derived).summed(self.sources, frame.shape[1])


def explainer_of(
    model: Any, reference: "pd.DataFrame", signature: "Signature", *, seed: int
) -> Explainer:
    """The explainer of a fitted model.

    Args:
        model: scikit-learn estimator or pipeline, or anything with its `predict`.
        reference: rows to compare with.
        signature: what the model takes and gives.
        seed: for what has to be sampled.
    """
    transformers, final = _parts(model)
    try:
        derived = transformed(transformers, reference)
        form = linear_of(final, derived) or tree_of(final, derived)
        if form is None:
            why = f"there is no closed form for {type(final).__name__}"
        else:
            return Exact(
                transformers=transformers,
                sources=sources_of(transformers, reference, derived),
                form=form,
                method=Method.linear if isinstance(form, Linear) else Method.tree,
                scale=_scale(form, signature),
            )
    except Mixed as exc:
        why = f"contributions of derived columns belong to no single column: {exc}"
    return Sampled(model=model, reference=reference, signature=signature, seed=seed, why=why)


def _parts(model: Any) -> tuple[list[Any], Any]:
    steps = getattr(model, "steps", None)
    if not isinstance(steps, list):
        return [], model
    kept = [step for _, step in steps if step is not None and not isinstance(step, str)]
    return kept[:-1], kept[-1]


def _scale(form: Linear | Tree, signature: "Signature") -> Scale:
    if signature.task == "regression":
        return Scale.value
    return Scale.probability if isinstance(form, Tree) and form.of_shares else Scale.log_odds
