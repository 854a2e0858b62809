"""Metrics out of console logs: a real one of Lightning, and lines that mean harm."""

from __future__ import annotations

import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.jobs import until

from rave_gui.training.logparser import MOST_TAGS, TrainingLogParser, read_line

RECORDED = Path(__file__).resolve().parents[1] / "helpers" / "recorded" / "lightning.log"
"""What PyTorch Lightning 1.9 (RAVE's own) prints of two epochs of 10 steps with 10 batches of validation each."""


def test_a_recorded_training(tmp_path: Path) -> None:
    parser = TrainingLogParser(RECORDED)
    assert parser.poll()
    found = parser.get_latest_metrics()
    assert found["validation"] == pytest.approx(0.0001072426894097589)
    assert found["fullband_spectral_distance"] == pytest.approx(0.000451)
    assert (found["epoch"], found["step"]) == (1, 20)
    assert found["steps_per_second"] > 0
    assert "v_num" not in found
    assert parser.trouble == "ended"
    assert not parser.poll() or parser.get_latest_metrics() == found


@pytest.mark.parametrize(
    ("line", "metrics"),
    [
        (
            "Epoch 3:  45%|████▌     | 450/1000 [01:23<1:01:41,  2.50s/it, v_num=0, loss=1.2e-3]",
            {"epoch": 3, "batch": 450, "total": 1000, "steps_per_second": 0.4, "eta_seconds": 3701, "loss": 1.2e-3},
        ),
        ("Epoch 0:   0%|          | 0/10 [00:00<?, ?it/s]", {"epoch": 0, "batch": 0, "total": 10}),
        ("Validation DataLoader 0:  10%|█         | 1/10 [00:00<00:00, 569.34it/s]", {}),
        ("Sanity Checking DataLoader 0: 100%|██████████| 2/2 [00:00<00:00, 9.1it/s]", {}),
        (
            "Epoch 5, global step 5000: 'validation' reached 12.30000 (best 12.30000), saving model to '/x.ckpt' as top 1",
            {"epoch": 5, "step": 5000, "validation": 12.3},
        ),
        ("│       validation        │    0.0134     │", {"validation": 0.0134}),
        ("       validation          0.0134", {"validation": 0.0134}),
        ("step: 1200 fullband_spectral_distance: 7.25, pred_real=-0.5", {"step": 1200, "fullband_spectral_distance": 7.25, "pred_real": -0.5}),
        ("12:30:01 INFO TensorBoard at http://localhost:6006/ (pid: 12)", {}),
        ("loss = inf", {"loss": float("inf")}),
        ("loss = 1e999999", {}),
        ("", {}),
        ("a=1.2.3 b=-- c=+ d=.", {}),
    ],
)  # fmt: skip
def test_lines(line: str, metrics: dict[str, float]) -> None:
    assert read_line(line).metrics == pytest.approx(metrics)


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "out-of-memory"),
        ("Epoch 1: 10%|#| 1/10 [00:00<00:01, 1.00it/s, loss=nan]", "not-a-number"),
        ("loss=nan", "not-a-number"),
        ("Traceback (most recent call last):", "error"),
        ("ValueError: no", "error"),
        ("`Trainer.fit` stopped: `max_steps=1000` reached.", "ended"),
        ("all is well", ""),
    ],
)
def test_trouble(line: str, trouble: str) -> None:
    assert read_line(line).trouble == trouble


def test_a_growing_file_is_followed_also_when_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    parser = TrainingLogParser(path)
    heard: list[dict[str, float]] = []
    parser.start_monitoring(heard.append, every=0.01)
    parser.start_monitoring(heard.append, every=0.01)
    assert sum(thread.name == "training-log" for thread in threading.enumerate()) == 1
    try:
        with path.open("ab") as log:
            log.write(b"loss=1.0\nloss=2")
        until(lambda: parser.get_latest_metrics().get("loss") == 1.0, "the first line")
        with path.open("ab") as log:
            log.write(b".5\r\nvalid\xffation=3\rloss=4\n")
        until(lambda: parser.get_latest_metrics().get("loss") == 4.0, "the others")
        other = tmp_path / "other"
        other.write_text("loss=7\n", encoding="utf-8")
        other.replace(path)
        until(lambda: parser.get_latest_metrics().get("loss") == 7.0, "the new file")
        assert heard
    finally:
        parser.stop_monitoring()
    assert not any(thread.name == "training-log" for thread in threading.enumerate())
    parser.start_monitoring(every=0.01)
    parser.stop_monitoring()


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=300), st.binary(max_size=300)))
def test_no_line_is_too_much(line: str | bytes) -> None:
    parser = TrainingLogParser("nowhere")
    found = parser.parse_line(line)
    assert all(isinstance(value, float) for value in found.values())


@pytest.mark.parametrize(
    "piece", ["a", "1", "=", "a=1 ", "Epoch 1: ", "|", " ", "%|", "│", "'x' reached ", "[1:<", "-", "nan"]
)
def test_long_lines_take_no_time(piece: str) -> None:
    for _ in range(20):
        read_line(piece * 100_000)


def test_memory_does_not_grow_with_damaged_lines(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    parser = TrainingLogParser(tmp_path / "log.txt")
    junk = [random.integers(0, 256, int(n), dtype=np.uint8).tobytes() for n in random.integers(0, 400, 500)]
    for n, line in enumerate(junk):
        parser.parse_line(line + b" x%d=%d" % (n, n))
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(4):
        for n, line in enumerate(junk):
            parser.parse_line(line + b" y%d.%d=%d" % (number, n, n))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(parser.get_latest_metrics()) <= MOST_TAGS
    assert after - before < 200_000
