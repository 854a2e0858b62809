"""What is said of a training, from curves made for it and from those of a real run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from rave_gui.training.health import Alert, Facts, Health, Watchdog, assess


@dataclass
class Curve:
    steps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


def curve(values: npt.ArrayLike, first: int = 0) -> Curve:
    found = np.asarray(values, np.float64)
    return Curve(first + 50 * np.arange(len(found), dtype=np.int64), found)


def falling(count: int = 200, seed: int = 0) -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return 8 + 22 * np.exp(-np.arange(count) / 60) + rng.standard_normal(count)


RUNNING = Facts(step=10_000, max_steps=100_000, phase_two_at=50_000)


def codes(health: Health) -> list[str]:
    return [alert.code for alert in health.alerts]


def test_a_falling_distance_is_going_well() -> None:
    health = assess({"fullband_spectral_distance": curve(falling())}, RUNNING)
    assert health.alerts == []
    assert health.headline == "Going well"
    assert any("fell from" in s for s in health.sentences)


def test_one_bad_batch_is_no_divergence() -> None:
    values = falling()
    values[-1] = 500
    assert codes(assess({"fullband_spectral_distance": curve(values)}, RUNNING)) == []


def test_a_distance_that_keeps_rising_is() -> None:
    values = np.concatenate([falling(150), np.linspace(10, 40, 80)])
    facts = dataclasses.replace(RUNNING, step=50 * 229)
    health = assess({"fullband_spectral_distance": curve(values)}, facts)
    assert codes(health) == ["diverging"]
    assert health.headline.startswith("Worth a look")


def test_the_jump_at_phase_two_is_normal() -> None:
    values = np.concatenate([falling(100), 30 + np.random.default_rng(1).standard_normal(60)])
    facts = Facts(step=50 * 159, max_steps=100_000, phase_two_at=5000)
    health = assess({"fullband_spectral_distance": curve(values)}, facts)
    assert health.alerts == []
    assert health.sentences[0].startswith("Phase 2")


@pytest.mark.parametrize("tag", ["fullband_spectral_distance", "regularization", "loss_dis"])
def test_no_number_is_said_at_once_with_its_step(tag: str) -> None:
    values = falling(30)
    values[-2] = np.nan
    health = assess({tag: curve(values)}, RUNNING)
    (alert,) = health.alerts
    assert (alert.code, alert.severity, alert.step) == ("not-a-number", "danger", 50 * 28)
    assert health.headline == alert.title


def test_a_plateau_offers_phase_two_only_where_there_is_one() -> None:
    flat = 9 + 0.01 * np.random.default_rng(0).standard_normal(120)
    ahead = assess({"fullband_spectral_distance": curve(flat)}, RUNNING)
    alone = assess(
        {"fullband_spectral_distance": curve(flat)}, dataclasses.replace(RUNNING, phase_two_at=None)
    )
    assert codes(ahead) == codes(alone) == ["plateau"]
    assert "Phase 2" in ahead.alerts[0].advice
    assert "Phase 2" not in alone.alerts[0].advice


def test_a_discriminator_that_always_wins() -> None:
    facts = Facts(step=20_000, max_steps=100_000, phase_two_at=1000)
    ones = np.ones(60)
    won = {
        "loss_dis": curve(0.01 * ones, 2000),
        "pred_fake": curve(-1.4 * ones, 2000),
        "pred_real": curve(1.5 * ones, 2000),
    }
    fair = {**won, "loss_dis": curve(1.6 * ones, 2000)}
    assert codes(assess(won, facts)) == ["discriminator-wins"]
    assert codes(assess(fair, facts)) == []


@pytest.mark.parametrize(
    ("change", "code", "severity"),
    [
        ({"disk_free": 1_500_000_000}, "disk", "warning"),
        ({"disk_free": 100_000_000}, "disk", "danger"),
        ({"temperature": 90.0}, "hot", "warning"),
        ({"memory_share": 0.97}, "memory", "warning"),
        ({"ram_share": 0.96}, "ram", "warning"),
        ({"seconds_since_step": 600.0, "seconds_per_step": 0.2}, "no-progress", "warning"),
        ({"original_db": -20.0, "reconstruction_db": -75.0}, "silent", "warning"),
    ],
)
def test_what_the_machine_says(change: dict[str, float], code: str, severity: str) -> None:
    (alert,) = assess({}, dataclasses.replace(RUNNING, **change)).alerts  # type: ignore[arg-type]
    assert (alert.code, alert.severity) == (code, severity)
    assert alert.title
    assert alert.meaning
    assert alert.advice


@pytest.mark.parametrize(
    "change",
    [
        {"disk_free": 50_000_000_000},
        {"temperature": 70.0},
        {"memory_share": 0.8},
        {"ram_share": 0.9},
        {"seconds_since_step": 20.0},
        {"seconds_since_step": 600.0, "seconds_per_step": 60.0},
        {"seconds_since_step": 600.0, "state": "paused"},
        {"original_db": -80.0, "reconstruction_db": -130.0},
        {"original_db": -20.0, "reconstruction_db": -75.0, "step": 160},
        {"original_db": -20.0, "reconstruction_db": -30.0},
    ],
)
def test_what_is_normal_is_not_an_alert(change: dict[str, object]) -> None:
    assert assess({}, dataclasses.replace(RUNNING, **change)).alerts == []  # type: ignore[arg-type]


def alert(code: str, severity: str = "warning") -> Alert:
    return Alert(code, severity, code, "", "")  # type: ignore[arg-type]


def test_alerts_do_not_flap() -> None:
    dog = Watchdog()
    assert dog.update([alert("disk")]) == ([], [])
    active, new = dog.update([alert("disk")])
    assert [a.code for a in active] == [a.code for a in new] == ["disk"]
    for _ in range(2):
        active, new = dog.update([])
        assert ([a.code for a in active], new) == (["disk"], [])
    assert dog.update([]) == ([], [])


def test_danger_shows_at_once_and_is_new_only_once() -> None:
    dog = Watchdog()
    assert len(dog.update([alert("not-a-number", "danger")])[1]) == 1
    assert dog.update([alert("not-a-number", "danger")])[1] == []


def test_a_phase_two_that_never_comes_is_not_promised() -> None:
    facts = Facts(step=500, max_steps=900, phase_two_at=900)
    said = assess({"fullband_spectral_distance": curve(falling())}, facts).sentences
    assert not any("Phase 2 begins" in sentence for sentence in said)
    assert any("no phase 2" in sentence for sentence in said)
