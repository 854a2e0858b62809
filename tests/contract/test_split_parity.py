"""What the application's split audit takes for granted: RAVE's split is torch's permutation with seed 42, cut at 98 %."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch

FIXTURE = Path(__file__).resolve().parents[1] / "unit" / "fixtures" / "torch_randperm.json"
DIGESTS: dict[str, str] = json.loads(FIXTURE.read_text(encoding="utf-8"))["digests"]


@pytest.mark.parametrize("count", [int(name) for name in DIGESTS])
def test_torch_still_draws_the_same_permutation(count: int) -> None:
    order = torch.randperm(count, generator=torch.Generator().manual_seed(42)).tolist()
    assert hashlib.sha256(",".join(map(str, order)).encode()).hexdigest() == DIGESTS[str(count)]


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_rave_splits_by_that_permutation(count: int) -> None:
    from rave_engine import compat

    compat.install()
    from rave.dataset import split_dataset

    train, val = split_dataset(list(range(count)), 98, 1000)
    order = list(train.indices) + list(val.indices)
    assert hashlib.sha256(",".join(map(str, order)).encode()).hexdigest() == DIGESTS[str(count)]
    assert len(train) == max(98 * count // 100, 1)
