"""Prints the digest of each built-in learner's model of the mixed table; a test runs it twice."""

import sys
from pathlib import Path

import pyarrow as pa

from trimaran_runtime.config import RunConfig
from trimaran_runtime.data.normal_form import normalise
from trimaran_runtime.storage.digest import digest_of
from trimaran_runtime.training.experiment import Experiment
from trimaran_runtime.training.fit import fit_model
from trimaran_runtime.training.learner.portfolio import PORTFOLIO
from trimaran_runtime.user_code import UserCode


def main(code: Path, threads: int) -> None:
    """Fit every learner's first setting."""
    config = RunConfig.model_validate(
        {
            "model": "mixed",
            "data": {"source": "mixed:classes", "target": "label"},
            "training": {"learner": "auto"},
        }
    )
    user = UserCode(code)
    table = normalise(pa.Table.from_pandas(user.function("mixed:classes")()), "mixed")
    experiment = Experiment(user, table.slice(0, 500), table.slice(500), config, threads)
    for learner in PORTFOLIO:
        fitted = fit_model(experiment, learner.first_setting)
        sys.stdout.write(f"{learner.name} {digest_of(fitted.content)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
