"""Ray gives the bytes that one machine gives."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engines.conftest import BEFORE, ENGINES, code_of, started
from trimaran_runtime.drift import Profile

pytestmark = [
    pytest.mark.skipif(not (ENGINES / "ray").is_dir(), reason="needs `make engines`"),
    pytest.mark.timeout(400),
]


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    import ray

    ray.init(
        num_cpus=2,
        include_dashboard=False,
        _node_ip_address="127.0.0.1",
        object_store_memory=200_000_000,
        log_to_driver=False,
    )
    yield ray
    ray.shutdown()


def test_the_page(ray: Any) -> None:
    import ray.data

    dataset = ray.data.from_arrow([BEFORE.slice(i, 3_000) for i in range(0, 20_000, 3_000)])
    start = started()
    namespace: dict[str, Any] = {"dataset": dataset, "start": start}
    exec(compile(code_of("ray"), "drift-engines.md", "exec"), namespace)
    expected = Profile.of(BEFORE, reference=start)
    assert namespace["profile"].to_bytes() == expected.to_bytes()
