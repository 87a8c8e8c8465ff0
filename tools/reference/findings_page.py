"""Every check of validation: what a finding means, how severe it is, what to do."""

from tools.reference.table import MADE, head, row
from trimaran_runtime.validation.catalogue import CATALOGUE


def findings_page() -> str:
    """Every check of validation."""
    lines = [
        MADE,
        "# What validation looks for\n",
        "Every run validates its rows after they are split, and before anything is trained. An",
        "error stops the run (exit status 3); warnings and notes do not. All are in",
        "`findings.json` of the run, and in the release, with their evidence and advice.\n",
        "What depends on the clock (`freshness`, and `clock` ahead of it) is always an error, so",
        "no release holds it: the same rows give the same release whenever they are read. The step",
        "takes `--param now=<ISO 8601>` to measure ages at another time.\n",
        "Costly searches look at some 50,000 rows drawn with a fixed seed, and measure what comes",
        "near a limit again on 200,000: the standard error of an AUC there is below 0.0015.\n",
        *head("check", "what it means", "severity", "what to do"),
        *(row(f"`{e.name}`", e.means, e.severity, e.action) for e in CATALOGUE),
    ]
    return "\n".join(lines) + "\n"
