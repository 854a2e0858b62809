"""The memory estimate against real tensors: the same step, the same counter, once with contents and once without."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

import pytest

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(sys.platform == "win32", reason="each case runs in a fork, as in the warm worker"),
]

CASES = [
    (["v1"], ["CAPACITY = 4"]),
    (["discrete"], ["CAPACITY = 4"]),
]


def peaks(configs: list[str], overrides: list[str], real: bool) -> dict[str, int]:
    """Both peaks, on fake or on real tensors, in a process of its own (gin is global)."""
    import contextlib
    from collections.abc import Iterator

    from rave_engine import compat, estimate
    from rave_engine.configs import compose

    compat.install()
    compose(configs, overrides, channels=1)
    if real:

        @contextlib.contextmanager
        def counted() -> Iterator[estimate.StorageCounter]:
            with estimate.StorageCounter() as counter:
                yield counter

        estimate._fake = counted
    return {key: int(value) for key, value in estimate.estimate(32768, 1).items()}


@pytest.mark.parametrize(("configs", "overrides"), CASES, ids=lambda value: "+".join(map(str, value)))
def test_the_estimate_equals_what_real_tensors_take(configs: list[str], overrides: list[str]) -> None:
    import torch._dynamo  # noqa: F401 - once here, not in every fork

    from rave_engine import compat

    compat.install()
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        fake = pool.submit(peaks, configs, overrides, False).result(120.0)
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        real = pool.submit(peaks, configs, overrides, True).result(120.0)
    assert fake["weights"] == real["weights"]
    for phase in ("phase_1", "phase_2"):
        assert fake[phase] == pytest.approx(real[phase], rel=0.02), phase
