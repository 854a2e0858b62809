"""The warm worker with the real engine: started as the application starts it, asked over its socket."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BOOT = ROOT / "src" / "rave_engine" / "boot.py"

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(sys.platform == "win32", reason="on Windows requests run in a thread: unverified"),
]


class Worker:
    """A worker process and a way to ask it."""

    def __init__(self, process: subprocess.Popen[bytes], endpoint: dict[str, Any]) -> None:
        self.process = process
        self.endpoint = endpoint

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The whole reply to one request."""
        with socket.create_connection(("127.0.0.1", self.endpoint["port"]), timeout=120.0) as connection:
            ask = {"id": "1", "method": method, "token": self.endpoint["token"], "params": params}
            connection.sendall(json.dumps(ask).encode() + b"\n")
            reply: dict[str, Any] = json.loads(connection.makefile("rb").readline())
        return reply

    def result(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a request that must succeed."""
        reply = self.ask(method, **params)
        assert reply["error"] is None, reply["error"]
        result: dict[str, Any] = reply["result"]
        return result


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    folder = tmp_path_factory.mktemp("warm")
    endpoint = folder / "worker.json"
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(BOOT), "worker", str(endpoint)],
            stdout=log,
            stderr=log,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    deadline = time.monotonic() + 120.0
    while not endpoint.exists():
        assert process.poll() is None, (folder / "worker.log").read_text(encoding="utf-8")
        assert time.monotonic() < deadline, "the worker never announced itself"
        time.sleep(0.05)
    found = Worker(process, json.loads(endpoint.read_text(encoding="utf-8")))
    yield found
    found.result("shutdown")
    assert process.wait(30.0) == 0
    assert not endpoint.exists()


@pytest.mark.parametrize(
    ("configs", "expected"),
    [
        (
            ["v1"],
            {"ratio": 2048, "latent_size": 128, "phase_1_steps": 1_000_000, "encoder": "VariationalEncoder"},
        ),
        (["v2_small"], {"ratio": 512, "sample_rate": 44100}),
        (["discrete"], {"ratio": 1024, "phase_1_steps": 200_000, "encoder": "DiscreteEncoder"}),
    ],
)
def test_validate_says_what_a_configuration_comes_to(
    worker: Worker, configs: list[str], expected: dict[str, Any]
) -> None:
    result = worker.result("validate", configs=configs, overrides=["CAPACITY = 8"])
    assert {key: result[key] for key in expected} == expected
    parts = result["parameters_by_part"]
    assert result["parameters"] == sum(parts.values()) > 0
    assert all(parts.values())


def test_requests_do_not_touch_each_other(worker: Worker) -> None:
    """gin's bindings are global: without a process for each request the first stack would show in the second."""
    small = worker.result("validate", configs=["v2_small"], overrides=["CAPACITY = 8", "LATENT_SIZE = 16"])
    stock = worker.result("validate", configs=["v2_small"])
    assert small["latent_size"] == 16
    assert stock["latent_size"] == 128
    assert small["parameters"] < stock["parameters"]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"configs": ["no-such-thing"]}, "config-missing"),
        ({"configs": ["spherical"]}, "config-invalid"),
        ({"configs": ["v1"], "overrides": ["NO_SUCH_SETTING = 1"]}, "unknown-override"),
        ({"configs": ["v1"], "n_signal": 100_000}, "bad-n-signal"),
        ({"configs": ["v1"], "channels": 0}, "wrong-channels"),
        ({"configs": ["v1"], "surprise": 1}, "protocol"),
    ],
)
def test_a_wrong_configuration_is_explained(worker: Worker, params: dict[str, Any], code: str) -> None:
    error = worker.ask("validate", **params)["error"]
    assert error["code"] == code
    assert error["message"].endswith(".")


def test_memory_grows_with_batch_and_at_phase_two(worker: Worker) -> None:
    one = worker.result("estimate", configs=["v1"], overrides=["CAPACITY = 16"], n_signal=65536, batch=1)
    four = worker.result("estimate", configs=["v1"], overrides=["CAPACITY = 16"], n_signal=65536, batch=4)
    assert one["weights"] < one["model"] < one["phase_1"] < one["phase_2"]
    assert four["weights"] == one["weights"]
    assert four["phase_2"] > one["phase_2"]
    grown = four["phase_2"] - one["phase_2"]
    assert grown == pytest.approx(3 * (one["phase_2"] - one["model"]), rel=0.5)


def test_the_parent_stays_fit_to_fork(worker: Worker) -> None:
    """No thread, no CUDA, nothing computed in the parent, whatever its children did."""
    facts = worker.result("ping")
    assert facts["fork"]
    if facts["threads"] is not None:
        assert facts["threads"] <= facts["threads_at_start"]


def test_a_job_is_forked_and_ends_like_any_other(worker: Worker, tmp_path: Path) -> None:
    spec = {
        "id": "one",
        "kind": "train",
        "title": "A training that cannot start",
        "params": {
            "dataset": str(tmp_path / "nothing"),
            "run": str(tmp_path / "run"),
            "name": "n",
            "channels": 1,
        },
        "created": 0.0,
        "protocol": 1,
    }
    (tmp_path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    pid = worker.result("run_job", folder=str(tmp_path))["pid"]
    events = tmp_path / "events.jsonl"
    deadline = time.monotonic() + 60.0
    while not (events.exists() and '"failed"' in events.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    lines = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert (lines[0]["type"], lines[0]["pid"]) == ("started", pid)
    assert lines[-1]["type"] == "failed"
    assert lines[-1]["user"], lines[-1]
