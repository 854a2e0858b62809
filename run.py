#!/usr/bin/env python3
"""Sets RAVE GUI up from a checkout and runs it. Needs only Python 3.8 or newer; everything else is fetched into this folder.

    python3 run.py              set up, make a first model from demo sounds, open the window when there is a screen
    python3 run.py test         set up and run every check and test
    python3 run.py setup        set up only (--no-engine: without RAVE and PyTorch)
    python3 run.py package      freeze the application into dist/rave-gui (--try: and make it work)
    python3 run.py -- ARGS      set up what is missing, then run: rave-gui ARGS

Each step says what it does before it does it, and how long it took. Stop it at any time (Ctrl-C) and start it again: what
is done stays done. Where things go: the application into .venv and .tools here; RAVE and PyTorch (1.3 GB, or 7 GB with an NVIDIA
card) and all settings into your own data folder (RAVE_GUI_HOME=FOLDER chooses another).

RAVE itself comes under CC BY-NC 4.0 (no commercial use) from its authors; it is installed for you, it is not part of this.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib.util
import io
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
TOOLS = ROOT / ".tools"
WINDOWS = os.name == "nt"
VENV_BIN = ROOT / ".venv" / ("Scripts" if WINDOWS else "bin")
EXE = ".exe" if WINDOWS else ""
UV_AT_LEAST = (0, 9)

QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What Qt's window needs of a Linux system, and the Debian and Ubuntu package that has it."""


class Stop(Exception):  # noqa: N818 - a sentence for the user, not a fault
    """What happened, why, and what to do; printed without a traceback."""


def say(text: str = "") -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


class Step:
    """Says what is about to happen, and afterwards how long it took."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.began = 0.0

    def __enter__(self) -> Step:
        say(f"==> {self.text}")
        self.began = time.monotonic()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            say(f"    done in {time.monotonic() - self.began:.1f} s")


# Package sources -----------------------------------------------------------------------------------------------------


def package_sources() -> Any:
    """The user's settings for pip and uv, read by the application's own module (standard library only)."""
    path = ROOT / "src" / "rave_gui" / "runtime" / "sources.py"
    spec = importlib.util.spec_from_file_location("rave_gui_sources", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.find_sources()


def child_environment() -> dict[str, str]:
    """The variables of the programs started here: nothing of another Python or environment leaks into them."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONDONTWRITEBYTECODE")
    found = {k: v for k, v in os.environ.items() if k not in dropped}
    found.update(PYTHONNOUSERSITE="1", PYTHONUTF8="1", UV_NO_PROGRESS="1")
    found.update(package_sources().variables())
    return found


def call(argv: list[Any], **more: str) -> int:
    """Run a program to its end, its output shown as it comes."""
    environment = child_environment()
    environment.update(more)
    return subprocess.call([str(a) for a in argv], cwd=str(ROOT), env=environment)


# uv ------------------------------------------------------------------------------------------------------------------


def get_uv() -> Path:
    """A uv that is new enough: the one kept here, one on PATH, else fetched into .tools by pip or by hand."""
    kept = TOOLS / f"uv{EXE}"
    for candidate in (kept, shutil.which("uv")):
        if candidate and uv_version(Path(candidate)) >= UV_AT_LEAST:
            return Path(candidate)
    with Step("Fetching uv, the tool that installs everything else, into .tools (about 20 MB)"):
        TOOLS.mkdir(exist_ok=True)
        fetched = uv_by_pip() or uv_by_hand()
        aside = kept.with_name(f"{kept.name}.new")
        shutil.copy2(str(fetched), str(aside))
        aside.chmod(0o755)
        aside.replace(kept)
        for leftover in ("pip", "download"):
            shutil.rmtree(str(TOOLS / leftover), ignore_errors=True)
        if uv_version(kept) < UV_AT_LEAST:
            raise Stop(
                "The uv that was fetched does not run. Install uv yourself and put it on PATH, then start again."
            )
    return kept


def uv_version(binary: Path) -> tuple[int, ...]:
    """Version of a uv, or (0,) when it cannot be run."""
    try:
        done = subprocess.run(
            [str(binary), "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    found = re.match(r"uv (\d+)\.(\d+)", done.stdout)
    return (int(found.group(1)), int(found.group(2))) if found and done.returncode == 0 else (0,)


def uv_by_pip() -> Path | None:
    """uv through pip, which knows the user's mirrors; None where there is no pip or it cannot."""
    folder = TOOLS / "pip"
    shutil.rmtree(str(folder), ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    try:
        done = subprocess.run(
            [*command, "--target", str(folder), f"uv=={locked_uv()[0]}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    binary = folder / "bin" / f"uv{EXE}"
    if done.returncode == 0 and binary.is_file():
        return binary
    say("    pip could not fetch it; trying without pip")
    return None


def locked_uv() -> tuple[str, list[tuple[str, str]]]:
    """Version of uv in uv.lock, and its wheels as (address, sha256)."""
    text = (ROOT / "uv.lock").read_text(encoding="utf-8")
    block = re.search(
        r'\[\[package\]\]\nname = "uv"\nversion = "([^"]+)"(.*?)(?=\n\[\[package\]\]|\Z)', text, re.S
    )
    if block is None:
        raise Stop("uv.lock does not name uv: the checkout is damaged. Clone it again.")
    wheels = re.findall(r'url = "([^"]+\.whl)", hash = "sha256:([0-9a-f]{64})"', block.group(2))
    return block.group(1), wheels


def uv_by_hand() -> Path:
    """Download uv's wheel at the address and with the hash that uv.lock gives, and take the binary out of it."""
    wheels = [(url, digest) for url, digest in locked_uv()[1] if fits(url.rpartition("/")[2])]
    if not wheels:
        raise Stop(
            f"uv is not made for this machine ({platform.platform()}). Install uv yourself and put it on PATH, then start again."
        )
    url, digest = wheels[0]
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - an https address of our own lock file
            data = answer.read()
    except (urllib.error.URLError, OSError) as error:
        raise Stop(
            f"uv could not be downloaded: {error}. Check the network (proxy, firewall), or install uv yourself and put it on PATH, "
            "then start again."
        ) from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise Stop(
            "The downloaded uv is not the expected file (its hash differs). Start again; if it stays so, a proxy changes downloads."
        )
    folder = TOOLS / "download"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = next(n for n in archive.namelist() if n.endswith(f"/scripts/uv{EXE}"))
        binary = folder / f"uv{EXE}"
        binary.write_bytes(archive.read(name))
    binary.chmod(0o755)
    return binary


def fits(wheel: str) -> bool:
    """Whether one of uv's wheels is for this machine."""
    machine = platform.machine().lower()
    arch = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if WINDOWS:
        return wheel.endswith({"x86_64": "win_amd64.whl", "aarch64": "win_arm64.whl"}.get(arch, "win32.whl"))
    if sys.platform == "darwin":
        return "macosx" in wheel and wheel.endswith(("arm64.whl",) if arch == "aarch64" else ("x86_64.whl",))
    libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    return libc in wheel and wheel.endswith(f"{arch}.whl")


# System libraries ----------------------------------------------------------------------------------------------------


def missing_libraries() -> list[str]:
    """Debian packages of the libraries that Qt needs and that are not here (Linux only)."""
    if not sys.platform.startswith("linux"):
        return []
    missing = []
    for library, package in QT_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def get_libraries() -> None:
    """Install what the window needs of the system where that is allowed without asking, else name it."""
    missing = missing_libraries()
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    sudo = [] if not hasattr(os, "geteuid") or os.geteuid() == 0 else ["sudo", "-n"]
    allowed = not sudo or (
        shutil.which("sudo") and subprocess.call(["sudo", "-n", "true"], stderr=subprocess.DEVNULL) == 0
    )
    line = f"sudo apt-get install {' '.join(missing)}"
    if not shutil.which("apt-get"):
        say(
            f"!   The window needs system libraries that are not here. Debian calls them: {' '.join(missing)}"
        )
        return
    if not allowed:
        say(f"!   The window needs system libraries that are not here. Install them with: {line}")
        return
    with Step(f"Installing {len(missing)} system libraries that the window needs: {' '.join(missing)}"):
        prefix = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive"]
        for attempt in (command, ["apt-get", "update"], command):
            done = subprocess.run([*prefix, *attempt], capture_output=True, check=False)
            if attempt is command and done.returncode == 0:
                break
        if missing_libraries():
            say(f"!   They could not be installed. The window will not open until this works: {line}")


# The application and its engine ----------------------------------------------------------------------------------------


def get_application(uv: Path, dev: bool, more: tuple[str, ...] = ()) -> None:
    """The application's environment in .venv, exactly as uv.lock says."""
    groups = [*([] if dev else ["--no-dev"]), *(f"--group={name}" for name in more)]
    sources = package_sources()
    mirrored = (
        sources.index
        or sources.no_index
        or any(os.environ.get(n) for n in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_NO_INDEX"))
    )
    what = "the application and its development tools" if dev else "the application"
    with Step(f"Installing {what} into .venv (about 500 MB the first time)"):
        if mirrored:
            # uv.lock holds the addresses of PyPI's files; a mirror has the same files (checked by hash) elsewhere.
            code = sync_from_mirror(uv, groups, sources.arguments())
        else:
            code = call([uv, "sync", "--frozen", "--inexact", "--quiet", *groups])
        if code != 0:
            raise Stop(
                "The application could not be installed; the lines above say why. Check the network (proxy, firewall, disk space), then start "
                "again: what was downloaded is kept. It needs Python 3.11, 3.12 or 3.13, which uv fetches when there is none."
            )
    with Step("Compiling it, so that it starts quickly"):
        # Templates among PySide6's own tools are no Python; they are left out.
        compile_all = ["-m", "compileall", "-qq", "-x", r"deploy_lib|\.tmpl\."]
        call(
            [
                VENV_BIN / f"python{EXE}",
                *compile_all,
                ROOT / "src",
                ROOT / ".venv" / ("Lib" if WINDOWS else "lib"),
            ]
        )


def sync_from_mirror(uv: Path, groups: list[str], arguments: list[str]) -> int:
    """``uv sync`` with the package index of the user's settings; the exit code."""
    TOOLS.mkdir(exist_ok=True)
    locked = TOOLS / "app.txt"
    python = VENV_BIN / f"python{EXE}"
    steps = [[uv, "export", "--frozen", "--quiet", "--no-emit-project", *groups, "-o", locked]]
    if not python.exists():
        steps.append([uv, "venv", "--quiet", "--python", ">=3.11,<3.14", ROOT / ".venv"])
    install = [uv, "pip", "install", "--quiet", "--python", python, *arguments]
    steps += [[*install, "--require-hashes", "-r", locked], [*install, "--no-deps", "-e", ROOT]]
    return next((code for code in map(call, steps) if code != 0), 0)


def rave_gui(*args: str) -> list[Any]:
    """The command line of the application."""
    return [VENV_BIN / f"rave-gui{EXE}", *args]


def engine_status() -> dict[str, Any]:
    """The answer of ``rave-gui engine status --json``; empty when it gives none."""
    done = subprocess.run(
        [str(a) for a in rave_gui("engine", "status", "--json")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=str(ROOT),
        env=child_environment(),
    )
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def get_engine() -> None:
    """RAVE and PyTorch in an environment of their own."""
    status = engine_status()
    if status.get("ready") and not any("rave-gui engine install" in n for n in status.get("notices", [])):
        return
    with Step("Installing the engine (RAVE, PyTorch): 1.3 GB on disk, or 7 GB with an NVIDIA card"):
        if call(rave_gui("engine", "install")) != 0:
            raise Stop(
                "The engine could not be installed; the lines above say why. Start again: what was downloaded is kept."
            )


def set_up(dev: bool = False, engine: bool = True, groups: tuple[str, ...] = ()) -> Path:
    """Everything that must be there before anything can run; what is there already takes a moment. Returns uv."""
    uv = get_uv()
    get_libraries()
    get_application(uv, dev, groups)
    if engine:
        get_engine()
    return uv


# What the user asked for ----------------------------------------------------------------------------------------------


def first_model() -> int:
    """Make the first model and show it."""
    project = Path.home() / "RAVE Projects" / "Quickstart"
    say(f"==> Making a first model from demo sounds in {project}")
    say(
        "    This trains a small model on the processor or the GPU: minutes. Ctrl-C leaves it running; start this again to return to it."
    )
    began = time.monotonic()
    code = call(rave_gui("quickstart", "--project", str(project)))
    if code != 0:
        return code
    say(f"    done in {time.monotonic() - began:.1f} s")
    if WINDOWS or sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        say("==> Opening the window")
        return call(rave_gui("window", "--project", str(project)))
    say("==> There is no screen here, so no window is opened. With a screen: python3 run.py -- window")
    return 0


def run_tests(names: list[str]) -> int:
    """Set up with the development tools, then run every check and test, or only the stages named."""
    set_up(dev=True, engine=False)
    return call([VENV_BIN / f"python{EXE}", ROOT / "tools" / "stages.py", *names])


def package(arguments: list[str]) -> int:
    """Freeze the application with PyInstaller."""
    set_up(dev=True, engine=False, groups=("package",))
    return call([VENV_BIN / f"python{EXE}", ROOT / "packaging" / "build.py", *arguments])


def main(argv: list[str]) -> int:
    """Run one of the forms of the command line; the exit code."""
    if sys.version_info < (3, 8):  # noqa: UP036 - this file runs before there is a newer one
        raise Stop(
            f"run.py needs Python 3.8 or newer, and this is {platform.python_version()}: use a newer one."
        )
    parser = argparse.ArgumentParser(
        prog="run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("start", "test", "setup", "package"), default="start")
    parser.add_argument("--no-engine", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    passed_on = argv[argv.index("--") + 1 :] if "--" in argv else None
    options, more = parser.parse_known_args(argv[: argv.index("--")] if passed_on is not None else argv)
    if not (ROOT / "uv.lock").exists():
        raise Stop(
            "run.py belongs into a checkout of RAVE GUI: uv.lock is not beside it. Clone the repository and start it there."
        )
    began = time.monotonic()
    if options.what == "test":
        return run_tests([*options.rest, *more, *(passed_on or [])])
    if options.what == "package":
        return package([*options.rest, *more, *(passed_on or [])])
    if options.rest or more:
        parser.error(f"unknown argument {(options.rest + more)[0]!r} (arguments for rave-gui go after --)")
    if passed_on is not None:
        if not rave_gui()[0].exists():
            set_up(engine=False)
        return call(rave_gui(*passed_on))
    say(f"Setting up RAVE GUI in {shlex.quote(str(ROOT))}")
    set_up(engine=not options.no_engine)
    say(f"==> Set up in {time.monotonic() - began:.1f} s. To use it: python3 run.py -- --help")
    return 0 if options.what == "setup" else first_model()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as reason:
        say(f"!   {reason}")
        sys.exit(3)
    except KeyboardInterrupt:
        say("\nStopped. Start it again to go on from here.")
        sys.exit(130)
