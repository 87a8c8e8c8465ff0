"""Dask with processes gives the bytes that one machine gives."""

from typing import Any

import pytest

from tests.engines.conftest import BEFORE, ENGINES, code_of, started
from trimaran_runtime.drift import Profile

pytestmark = [
    pytest.mark.skipif(not (ENGINES / "dask").is_dir(), reason="needs `make engines`"),
    pytest.mark.timeout(400),
]


@pytest.mark.parametrize("scheduler", ["processes", "threads"])
def test_the_page(scheduler: str) -> None:
    import dask
    import dask.dataframe

    table = BEFORE.to_pandas()
    frame = dask.dataframe.from_pandas(table, npartitions=5)
    start = started()
    namespace: dict[str, Any] = {"frame": frame, "start": start, "Profile": Profile}
    with dask.config.set(scheduler=scheduler, num_workers=2):
        exec(compile(code_of("dask"), "drift-engines.md", "exec"), namespace)
    expected = Profile.of(table, reference=start)
    assert namespace["profile"].to_bytes() == expected.to_bytes()
    assert expected.to_bytes() == Profile.of(BEFORE, reference=start).to_bytes()
