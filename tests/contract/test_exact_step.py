"""Our step against upstream's own ``training_step``: every loss and every weight equal to the last bit, in both phases."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny import plucks
from upstream import UpstreamHarness

from rave_engine import compat, configs
from rave_engine.training.prepare import make_trainee
from rave_engine.training.step import FastStep

PHASE_1 = 2
STEPS = 6

CASES: dict[str, tuple[list[str], list[str], int, int]] = {
    # name: (stack, overrides, batch, n_signal)
    "v1, capacity 16": (["v1"], ["CAPACITY = 16"], 4, 32768),
    "v2_small": (["v2_small"], ["CAPACITY = 8", "LATENT_SIZE = 16"], 1, 65536),
    "v2 + wasserstein": (["v2", "wasserstein"], ["CAPACITY = 4", "NOISE_AUGMENTATION = 8"], 2, 98304),
    "discrete": (
        ["discrete"],
        [
            "CAPACITY = 4",
            "NUM_QUANTIZERS = 2",
            "CODEBOOK_SIZE = 16",
            "LATENT_SIZE = 8",
            "NOISE_AUGMENTATION = 4",
        ],
        1,
        98304,
    ),
}


def build(stack: list[str], overrides: list[str]) -> Any:
    from rave_engine.training import preflight

    composition = configs.compose(stack, [*overrides, f"PHASE_1_DURATION = {PHASE_1}"], channels=1)
    torch.manual_seed(5)
    model = configs.build_model()
    if model.valid_signal_crop:
        preflight.receptive_field(model, composition.text)
    return model.train()


@pytest.mark.parametrize("case", CASES)
def test_losses_and_weights_equal_upstream_bit_by_bit(case: str) -> None:
    compat.install()
    stack, overrides, batch, n_signal = CASES[case]
    theirs = build(stack, overrides)
    ours = build(stack, overrides)
    if hasattr(theirs.encoder, "enabled"):  # upstream never switches quantisation on; compare with it on
        theirs.encoder.enabled.fill_(1)
    upstream = UpstreamHarness(theirs)
    trainee = make_trainee(ours, None)
    step = FastStep(ours, trainee.gen_opt, trainee.dis_opt)
    sounds = [
        torch.stack([torch.from_numpy(plucks(n_signal, 10 * i + b)).float() / 32767 for b in range(batch)])
        for i in range(STEPS)
    ]
    phases = set()
    for i, x in enumerate(sounds):
        torch.manual_seed(100 + i)
        logged = upstream(x, i)
        after_theirs = torch.get_rng_state()
        torch.manual_seed(100 + i)
        trainee.schedule.before_batch()
        result = step(x.clone(), i, log=True)
        trainee.scheduler.step()
        phases.add((bool(ours.warmed_up), result.discriminated))
        assert torch.equal(after_theirs, torch.get_rng_state()), (
            f"step {i}: random numbers were used otherwise"
        )
        found = {key: float(value) for key, value in result.scalars.items()}
        assert found == logged, f"step {i}"
        _assert_equal(theirs.state_dict(), ours.state_dict(), f"step {i}")
    for mine, other in ((trainee.gen_opt, upstream.gen_opt), (trainee.dis_opt, upstream.dis_opt)):
        _assert_equal(_moments(other), _moments(mine), "optimizer")
    assert phases == {(False, False), (True, True), (True, False)}


def _moments(optimizer: Any) -> dict[str, torch.Tensor]:
    state = optimizer.state_dict()["state"]
    return {f"{i}.{key}": value for i, entry in state.items() for key, value in entry.items()}


def _assert_equal(expected: dict[str, torch.Tensor], found: dict[str, torch.Tensor], where: str) -> None:
    assert expected.keys() == found.keys()
    different = [key for key in expected if not torch.equal(expected[key], found[key])]
    assert not different, f"{where}: {different[:5]} and {max(len(different) - 5, 0)} more differ"


def test_logging_does_not_change_the_training() -> None:
    compat.install()
    quiet, loud = build(["v1"], ["CAPACITY = 2"]), build(["v1"], ["CAPACITY = 2"])
    for model, log in ((quiet, False), (loud, True)):
        trainee = make_trainee(model, None)
        step = FastStep(model, trainee.gen_opt, trainee.dis_opt)
        torch.manual_seed(1)
        for i in range(STEPS):
            trainee.schedule.before_batch()
            step(torch.from_numpy(plucks(16384 * 2, i)).float()[None] / 32767, i, log=log)
            trainee.scheduler.step()
    _assert_equal(quiet.state_dict(), loud.state_dict(), "end")
