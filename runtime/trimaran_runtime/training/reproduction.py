"""Whether a second fit, in a fresh process, gives the same model file.

`python -m trimaran_runtime.training.reproduction CODE SPLITS CONFIG PARAMETERS` prints the digest
of the model that it fits. The process has another seed for the hashes of texts, so a model that
depends on the order of a set is found out.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

from trimaran_runtime.config import RunConfig
from trimaran_runtime.errors import ConfigError
from trimaran_runtime.process.openmp import wait_asleep
from trimaran_runtime.process.parent_watch import VARIABLE, exit_with_parent
from trimaran_runtime.storage.digest import PREFIX, canonical_json, digest_of
from trimaran_runtime.training.config import Scalar
from trimaran_runtime.training.experiment import Experiment
from trimaran_runtime.training.fit import fit_model

_HASH_SEED = "PYTHONHASHSEED"
_TAIL = 2000
"""So many characters of a failed fit's last words are told."""


def refitted_digest(
    experiment: Experiment, parameters: Mapping[str, Scalar], *, splits: Path, work: Path
) -> str:
    """Digest of the model file that a fresh process fits with the same setting.

    Args:
        experiment: the rows, and what fits them.
        parameters: the setting.
        splits: folder that the rows are in.
        work: folder for the configuration, which is left in it.

    Raises:
        ConfigError: the second fit fails where the first one did not.
    """
    config = work / "config.json"
    config.write_bytes(experiment.config.to_json())
    given = canonical_json(dict(parameters)).decode()
    here = os.environ.get(_HASH_SEED, "")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            __name__,
            str(experiment.code.folder.resolve()),
            str(splits.resolve()),
            str(config),
            given,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            _HASH_SEED: str(int(here) + 1 if here.isdigit() else 1),
            VARIABLE: str(os.getpid()),
        },
        check=False,
    )
    digest = done.stdout.rstrip().rpartition("\n")[2]
    if done.returncode or not digest.startswith(PREFIX):
        raise ConfigError(
            f"the second fit failed: {done.stderr.strip()[-_TAIL:]}",
            where="pipeline.check_reproducible",
            next_step="look for what the first fit left behind: files, or state of a module",
        )
    return digest


def _main(arguments: list[str]) -> None:
    exit_with_parent()
    wait_asleep()
    code, splits, config = map(Path, arguments[:3])
    experiment = Experiment.open(code, splits, RunConfig.parse(config.read_bytes()), threads=1)
    fitted = fit_model(experiment, orjson.loads(arguments[3]))
    sys.stdout.write(f"\n{digest_of(fitted.content)}\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
