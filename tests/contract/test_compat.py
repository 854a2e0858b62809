"""What the guards around RAVE's import do, in fresh processes: nothing loaded that is not used, nothing left in the way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BOOT = Path(__file__).resolve().parents[2] / "src" / "rave_engine" / "boot.py"
EXPOSE = f"""
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("boot", {str(BOOT)!r})
boot = importlib.util.module_from_spec(spec)
spec.loader.exec_module(boot)
folder = boot.Path({str(BOOT)!r}).parent
boot.expose("rave_protocol", folder.parent / "rave_protocol")
boot.expose("rave_engine", folder)
"""


def fresh(code: str) -> dict[str, object]:
    """Run ``code`` in a new process of this interpreter; the JSON object of its last line."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", EXPOSE + code],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_install_imports_rave_alone_and_stays_forkable() -> None:
    """Placeholders become the real packages on use, and what torch leaves out comes when asked for."""
    found = fresh("""
from rave_engine import compat
compat.install(training=True)
compat.install()
import threading, torch, rave
optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(2))], 1e-3)
optimizer.zero_grad()
optimizer.param_groups[0]["params"][0].grad = torch.ones(2)
optimizer.step()
optimizer.load_state_dict(optimizer.state_dict())
import gc
heavy = ["torch._dynamo", "torch._meta_registrations", "torchaudio.models", "setuptools", "distutils", "sympy", "librosa", "sklearn", "flask", "scipy.stats", "tensorboard", "torchmetrics"]
loaded = [name for name in heavy if name in sys.modules]
threads = threading.active_count()
import rave.core, rave.model, numpy as np
mel = rave.core.MelScale(44100, 512, 20)
import librosa, sklearn.decomposition, scipy.stats, torchaudio.models, distutils.version
pca = rave.model.PCA(2).fit(np.random.default_rng(0).normal(size=(9, 2)))
compat.metas.load()
from torch._subclasses.fake_tensor import FakeTensorMode
with FakeTensorMode():
    shape = list(torch.nn.functional.conv1d(torch.empty(1, 1, 10), torch.empty(1, 1, 3)).shape)
print(json.dumps({
    "heavy": loaded,
    "mel": list(mel.mel.shape),
    "pca": isinstance(pca, sklearn.decomposition.PCA),
    "real": [hasattr(m, "__file__") for m in (librosa, sklearn.decomposition, scipy.stats, torchaudio.models, distutils)],
    "fake": shape,
    "collecting": gc.isenabled(),
    "threads": threads,
    "cuda": torch.cuda.is_initialized(),
    "extension": sys.modules["torchaudio"]._extension._IS_TORCHAUDIO_EXT_AVAILABLE,
    "value": optimizer.param_groups[0]["params"][0].tolist(),
}))
""")
    assert found["heavy"] == []
    assert found["threads"] == 1
    assert (found["mel"], found["pca"], found["real"]) == ([20, 257], True, [True] * 5)
    assert found["fake"] == [1, 1, 8]
    assert found["collecting"] is True
    assert found["cuda"] is False
    assert found["extension"] is False
    values = found["value"]
    assert isinstance(values, list)
    assert all(abs(value + 1e-3) < 1e-6 for value in values), "Adam's first step is the learning rate"


def test_a_process_that_has_lightning_keeps_it() -> None:
    found = fresh("""
import pytorch_lightning
from rave_engine import compat
compat.install()
import rave
print(json.dumps({"real": issubclass(rave.RAVE, pytorch_lightning.LightningModule), "file": bool(pytorch_lightning.__file__)}))
""")
    assert found == {"real": True, "file": True}


def test_check_reports_a_working_environment() -> None:
    done = subprocess.run(
        [sys.executable, str(BOOT), "check"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["ok"] is True
    assert found["error"] is None
    assert found["rave"].startswith("2.3")
    assert found["devices"][-1]["id"] == "cpu"


def test_list_configs_needs_no_torch() -> None:
    found = fresh("""
from rave_engine.configs import list_configs
items = list_configs()["items"]
print(json.dumps({"torch": "torch" in sys.modules, "count": len(items)}))
""")
    assert found == {"torch": False, "count": 24}
