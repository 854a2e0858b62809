"""Our datasets in upstream's own classes and upstream's in ours. Run by the engine's interpreter.

The application's side runs in its own interpreter, named by ``RAVE_GUI_PYTHON`` or found in the checkout's ``.venv``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
RATE = 44100
N = 8192
CHUNK = 2 * N

BUILD = """
import json, sys
from pathlib import Path
from rave_gui.datasets import build
from rave_protocol.specs import DatasetParams
from rave_protocol.work import WorkContext
if __name__ == "__main__":
    params = DatasetParams(**json.loads(sys.argv[1]))
    Path(sys.argv[2]).mkdir(exist_ok=True)
    print(json.dumps(build.run(params, WorkContext(Path(sys.argv[2])))))
"""
READ = """
import json, sys
import numpy as np
from rave_gui.datasets.read import Dataset
with Dataset(sys.argv[1]) as dataset:
    findings = [str(f) for f in dataset.check() if f]
    np.save(sys.argv[2], np.stack([chunk.audio for chunk in dataset]))
    i = dataset.info
    print(json.dumps({"findings": findings, "chunks": i.chunks, "channels": i.channels, "num_signal": i.num_signal,
                      "sample_rate": i.sample_rate, "sidecar": i.sidecar, "lazy": i.lazy}))
"""


def application() -> str:
    """The application's interpreter."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    found = os.environ.get("RAVE_GUI_PYTHON") or str(ROOT / ".venv" / folder / name)
    if not Path(found).exists():
        pytest.skip("the application's environment is not there (set RAVE_GUI_PYTHON)")
    return found


def run_application(tmp_path: Path, code: str, *args: str) -> dict[str, Any]:
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    environment["PYTHONPATH"] = str(ROOT / "src")
    done = subprocess.run(
        [application(), str(script), *args],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def ours(tmp_path: Path, source: Path, **changes: Any) -> dict[str, Any]:
    params = {"sources": [str(source)], "output": str(tmp_path / "ours"), "num_signal": N, **changes}
    return run_application(tmp_path, BUILD, json.dumps(params), str(tmp_path / "job"))


def sounds(folder: Path) -> None:
    """Three recordings of several lengths and channel counts, 16-bit, at the dataset's rate."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for name, samples, channels in (("a one", 5 * CHUNK + 777, 1), ("b", 3 * CHUNK, 2), ("ç", CHUNK // 2, 1)):
        data = (rng.normal(0, 0.2, (samples, channels)).clip(-1, 1) * 32767).astype("<i2")
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(data.tobytes())


@pytest.mark.parametrize("channels", [1, 2])
def test_upstreams_dataset_class_loads_ours(tmp_path: Path, channels: int) -> None:
    from rave_engine import compat

    compat.install()
    import rave.dataset
    import torch

    sounds(tmp_path / "in")
    result = ours(tmp_path, tmp_path / "in", channels=channels)
    assert result["chunks"] == 6 + 3 + 1
    dataset = rave.dataset.get_dataset(result["path"], RATE, N, n_channels=channels)
    assert rave.dataset.get_training_channels(result["path"], channels) == channels
    assert len(dataset) == 10
    for index in (0, 9):
        example = dataset[index]
        assert example.shape == (channels, N)
        assert example.dtype == np.float32
        assert np.isfinite(example).all()
        assert 0.005 < np.abs(example).max() <= 1.5
    train, validation = rave.dataset.split_dataset(dataset, 98)
    batch = next(iter(torch.utils.data.DataLoader(train, 2)))
    assert batch.shape == (2, channels, N)
    assert len(validation) == 1

    from udls import AudioExample

    with dataset.env.begin() as transaction:
        example = AudioExample(transaction.get(b"00000003"))
    assert example.get("waveform").shape == (channels, CHUNK)


@pytest.mark.parametrize(("channels", "mono"), [(1, "left"), (2, "mix")])
def test_every_chunk_of_upstreams_occurs_in_ours(tmp_path: Path, channels: int, mono: str) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("upstream's rave preprocess needs ffmpeg, which is not installed")
    sounds(tmp_path / "in")
    theirs = tmp_path / "theirs"
    arguments = ["--input_path", str(tmp_path / "in"), "--output_path", str(theirs), "--num_signal", str(N)]
    arguments += ["--channels", str(channels), "--max_db_size", "1"]
    code = f"""
import sys
sys.path.insert(0, {str(ROOT / "src")!r})
from rave_engine import compat
compat.install()
from absl import app
from scripts import preprocess
app.run(preprocess.main)
"""
    script = tmp_path / "upstream.py"
    # A pool forked by upstream: the module must run as the main one.
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script), *arguments], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]

    info = run_application(tmp_path, READ, str(theirs), str(tmp_path / "theirs.npy"))
    assert info == {
        "findings": [], "chunks": 8, "channels": channels, "num_signal": N, "sample_rate": RATE, "sidecar": False, "lazy": False
    }  # fmt: skip
    result = ours(tmp_path, tmp_path / "in", channels=channels, mono=mono)
    mine = run_application(tmp_path, READ, result["path"], str(tmp_path / "ours.npy"))
    assert mine["sidecar"]

    upstream, own = np.load(tmp_path / "theirs.npy"), np.load(tmp_path / "ours.npy")
    assert len(own) == len(upstream) + 2, "a padded tail and a joined short file"
    for chunk in upstream.astype(np.int32):
        nearest = min(np.abs(own.astype(np.int32) - chunk).max(axis=(1, 2)))
        assert nearest <= 1
