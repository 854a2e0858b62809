"""The set-up script: it must run on an old Python, with nothing installed, and say what it cannot do."""

from __future__ import annotations

import ast
import functools
import hashlib
import http.server
import importlib.util
import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "run.py"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with a folder of its own for what it fetches."""
    spec = importlib.util.spec_from_file_location("run_under_test", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "TOOLS", tmp_path / ".tools")
    module.TOOLS.mkdir()
    return module


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder served on this machine, and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()
        thread.join()


def test_it_is_python_3_8_and_standard_library_only() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))
    names = {
        alias.name.partition(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names
    }
    names |= {
        str(n.module).partition(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module
    }
    assert names <= set(sys.stdlib_module_names)
    # The one module of ours that it loads by its path must keep to the same.
    sources = ROOT / "src" / "rave_gui" / "runtime" / "sources.py"
    assert "rave_" not in sources.read_text(encoding="utf-8")
    ast.parse(sources.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_help_needs_nothing_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "--help"], capture_output=True, text=True, check=True
    )
    for form in ("run.py test", "run.py setup", "run.py -- ARGS"):
        assert form in done.stdout


def test_unknown_words_are_refused(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["tset"], ["setup", "--enginee"]):
        with pytest.raises(SystemExit) as caught:
            script.main(words)
        assert caught.value.code == 2
    assert "--enginee" in capsys.readouterr().err


def test_an_old_python_gets_a_sentence(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 7, 16))
    with pytest.raises(script.Stop, match=r"Python 3\.8"):
        script.main([])


def test_a_lone_copy_says_where_it_belongs(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(script, "ROOT", tmp_path)
    with pytest.raises(script.Stop, match="checkout"):
        script.main(["setup"])


@pytest.mark.parametrize(
    ("system", "machine", "libc", "part"),
    [
        ("linux", "x86_64", "glibc", "manylinux_2_17_x86_64"),
        ("linux", "aarch64", "glibc", "aarch64"),
        ("linux", "x86_64", "", "musllinux_1_1_x86_64"),
        ("darwin", "arm64", "", "macosx_11_0_arm64"),
        ("darwin", "x86_64", "", "macosx_10_12_x86_64"),
        ("win32", "AMD64", "", "win_amd64"),
    ],
)
def test_uv_in_the_lock_has_a_wheel_for_each_machine(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, system: str, machine: str, libc: str, part: str
) -> None:
    monkeypatch.setattr(script.platform, "machine", lambda: machine)
    monkeypatch.setattr(script.platform, "libc_ver", lambda: (libc, "2.36"))
    monkeypatch.setattr(script.sys, "platform", system)
    monkeypatch.setattr(script, "WINDOWS", system == "win32")
    fitting = [url for url, _ in script.locked_uv()[1] if script.fits(url.rpartition("/")[2])]
    assert fitting
    assert all(part in url for url in fitting)


def wheel(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("uv-1.data/scripts/uv", content)
        archive.writestr("uv-1.data/scripts/uv.exe", content)
    return buffer.getvalue()


def test_uv_is_fetched_by_hand_only_with_the_right_hash(
    script: ModuleType, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = server
    data = wheel(b"a program")
    (folder / "uv.whl").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    monkeypatch.setattr(script, "fits", lambda _: True)
    monkeypatch.setattr(script, "locked_uv", lambda: ("1", [(f"{address}/uv.whl", digest)]))
    assert script.uv_by_hand().read_bytes() == b"a program"
    (folder / "uv.whl").write_bytes(wheel(b"another program"))
    with pytest.raises(script.Stop, match="hash"):
        script.uv_by_hand()


def test_a_blocked_network_is_told(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "fits", lambda _: True)
    monkeypatch.setattr(script, "locked_uv", lambda: ("1", [("http://127.0.0.1:9/uv.whl", "0" * 64)]))
    with pytest.raises(script.Stop, match="network"):
        script.uv_by_hand()


def test_what_cannot_be_installed_is_named_in_one_line(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script.sys, "platform", "linux")
    monkeypatch.setattr(script, "QT_LIBRARIES", {"libnowhere.so.9": "libnowhere9"})
    monkeypatch.setattr(script.os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(
        script.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None
    )
    script.get_libraries()
    assert "sudo apt-get install libnowhere9" in capsys.readouterr().out


def test_children_see_nothing_of_another_python(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.setenv(name, "/somewhere")
    assert not {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"} & set(script.child_environment())
