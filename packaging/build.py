"""Freezes the application into one folder that needs no Python: ``python packaging/build.py [--try] [--archive]``.

It needs the dependency group ``package`` (``python3 run.py package`` sees to that). The engine is not inside: RAVE may not be passed on
with it, and torch is chosen for each machine, so the frozen application installs it as the other one does.

``--try`` makes the result do real work, in a settings folder of its own: doctor, quickstart on its demo sounds with a few steps, and
a training that goes on after the command that started it has ended. ``RAVE_GUI_ENGINE`` names an engine to use; without it the frozen
application installs one first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "dist" / "rave-gui"
PROGRAM = APP / ("rave-gui.exe" if sys.platform == "win32" else "rave-gui")


def build() -> None:
    """Run PyInstaller; the result is in dist/rave-gui. Raises CalledProcessError."""
    began = time.monotonic()
    subprocess.run(
        [
            *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"),
            *("--distpath", str(ROOT / "dist"), "--workpath", str(ROOT / "build" / "pyinstaller")),
            str(ROOT / "packaging" / "rave_gui.spec"),
        ],
        check=True,
        cwd=ROOT,
    )
    size = sum(path.stat().st_size for path in APP.rglob("*") if path.is_file() and not path.is_symlink())
    print(f"built {APP} in {time.monotonic() - began:.1f} s: {size / 1e6:.0f} MB", flush=True)


def archive() -> Path:
    """Pack the folder as dist/rave-gui-<platform>.tar.xz; its path."""
    target = ROOT / "dist" / f"rave-gui-{sys.platform}.tar.xz"
    with tarfile.open(target, "w:xz") as packed:
        packed.add(APP, "rave-gui")
    print(f"packed {target}: {target.stat().st_size / 1e6:.0f} MB", flush=True)
    return target


class Trial:
    """The frozen program at work, away from the user's own settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
        self.environment = {k: v for k, v in os.environ.items() if k not in dropped}
        self.environment["RAVE_GUI_HOME"] = str(folder / "home")
        self.environment.setdefault("QT_QPA_PLATFORM", "offscreen")

    def call(self, *args: str, accept: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Run a command with --json; its answer. Raises SystemExit with everything it said when it failed."""
        began = time.monotonic()
        done = subprocess.run(
            [str(PROGRAM), *args, "--json"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self.environment,
            cwd=self.folder,
            check=False,
        )
        print(
            f"{' '.join(args)}: exit code {done.returncode} after {time.monotonic() - began:.1f} s",
            flush=True,
        )
        if done.returncode not in accept:
            raise SystemExit(f"{done.stdout}\n{done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def run(self, steps: int) -> None:
        """Doctor, engine, quickstart, a detached training followed to its end."""
        project = str(self.folder / "Projekt mit Leerzeichen ü")
        if not self.call("engine", "status", accept=(0, 3))["ready"]:
            self.call("engine", "install")
        checks = self.call("doctor", accept=(0, 3))["items"]
        failed = [check["message"] for check in checks if check["state"] == "fail"]
        if failed:
            raise SystemExit(f"doctor found: {failed}")
        made = self.call("quickstart", "--project", project, "--preset", "tiny", "--steps", str(steps))
        if not Path(made["export"]["path"]).exists():
            raise SystemExit(f"no export: {made}")
        dataset = made["dataset"]["path"]
        common = ("--project", project, "--dataset", dataset, "--preset", "tiny", "--steps", str(steps))
        job = self.call("train", "start", *common, "--name", "detached", "--detach")["job"]
        deadline = time.monotonic() + 600
        while True:
            state = self.call("jobs", "show", job, "--project", project)["state"]
            if state == "succeeded":
                break
            if state in ("failed", "cancelled", "interrupted") or time.monotonic() > deadline:
                raise SystemExit(f"the detached training ended as {state}")
            time.sleep(2)
        print("the frozen application passed: doctor, quickstart, a detached training", flush=True)


def main(argv: list[str]) -> int:
    """Build, then try and pack as asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--try", dest="trial", action="store_true", help="make the result do real work")
    parser.add_argument("--only-try", action="store_true", help="do not build: try what is in dist")
    parser.add_argument("--steps", type=int, default=40, help="training steps of the trial (default: 40)")
    parser.add_argument("--archive", action="store_true", help="pack the folder")
    options = parser.parse_args(argv)
    if not options.only_try:
        build()
    if options.trial or options.only_try:
        with tempfile.TemporaryDirectory(prefix="rave-gui-frozen-", ignore_cleanup_errors=True) as folder:
            Trial(Path(folder)).run(options.steps)
    if options.archive:
        archive()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
