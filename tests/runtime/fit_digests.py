"""Prints the digest of each built-in learner's model of the mixed table, for a test to compare."""

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


def experiment_on(code: Path, source: str, threads: int) -> Experiment:
    """The mixed table, half of it for training."""
    config = RunConfig.model_validate(
        {
            "model": "mixed",
            "data": {"source": f"mixed:{source}", "target": "label"},
            "training": {"learner": "auto"},
        }
    )
    user = UserCode(code)
    table = normalise(pa.Table.from_pandas(user.function(f"mixed:{source}")()), "mixed")
    half = len(table) // 2
    return Experiment(user, table.slice(0, half), table.slice(half), config, threads)


def digests(code: Path, threads: int) -> dict[str, str]:
    """Digest of the model file of every learner's first setting, by its name."""
    experiment = experiment_on(code, "classes", threads)
    return {
        learner.name: digest_of(fit_model(experiment, learner.first_setting).content)
        for learner in PORTFOLIO
    }


if __name__ == "__main__":
    for name, digest in digests(Path(sys.argv[1]), int(sys.argv[2])).items():
        sys.stdout.write(f"{name} {digest}\n")
