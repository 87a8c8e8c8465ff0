"""Seeding of every random generator that code in this process may use."""

import random
import sys


def seed_everything(seed: int) -> None:
    """Seed `random` and NumPy's global generator, and PyTorch's where the user's code loaded it.

    scikit-learn's estimators without a `random_state` draw from NumPy's global generator.
    PyTorch's `manual_seed` covers every device; its kernels that are not deterministic stay so
    (PyTorch, "Reproducibility", read 2026-11-24).

    Args:
        seed: from 0 to 2^32 - 1.
    """
    import numpy as np

    random.seed(seed)
    # The user's code may use the global generator, so that is the one to seed.
    np.random.seed(seed)  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def derived_seed(seed: int, place: int) -> int:
    """A seed for one place of a sequence, unrelated to its neighbours'."""
    import numpy as np

    return int(np.random.SeedSequence([seed, place]).generate_state(1)[0])
