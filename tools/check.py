"""Every static check of the house, in one table: ``python tools/check.py [NAME...]``.

Runs all of them even when one fails, so that one run shows everything; exits with 1 when any failed. ``--fix`` lets ruff
repair and format first. ``--list`` prints the names.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = tuple(
    name
    for name in ("src", "tests", "tools", "benchmarks", "packaging", "run.py")
    if (ROOT / name).is_file() or next((ROOT / name).rglob("*.py"), None)
)


@dataclass(frozen=True)
class Check:
    """One program and its arguments, run from the root of the checkout."""

    name: str
    command: tuple[str, ...]


def program(name: str) -> str:
    """The path of a development tool that is installed beside the running interpreter."""
    suffix = ".exe" if sys.platform == "win32" else ""
    return str(Path(sysconfig.get_path("scripts")) / f"{name}{suffix}")


def checks() -> list[Check]:
    """All checks, quickest first. Types are checked for the three systems, since each has code of its own."""
    found = [
        Check("lint", (program("ruff"), "check", *CODE)),
        Check("format", (program("ruff"), "format", "--check", *CODE)),
        Check("layers", (program("lint-imports"), "--no-cache")),
        Check("translations", (sys.executable, "tools/translations.py", "check")),
    ]
    found += [
        Check(f"types-{platform}", (program("mypy"), "--platform", platform, *CODE))
        for platform in ("linux", "win32", "darwin")
    ]
    return found


def run(check: Check) -> bool:
    """Run one check, show what it says only when it fails; whether it passed."""
    started = time.monotonic()
    done = subprocess.run(check.command, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode == 0:
        print(f"passed  {check.name:<12} {seconds:6.1f} s", flush=True)
        return True
    print(f"FAILED  {check.name:<12} {seconds:6.1f} s", flush=True)
    print((done.stdout + done.stderr).strip(), flush=True)
    return False


def main(argv: list[str]) -> int:
    """Run the named checks, or all; 0 when every one passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    available = {check.name: check for check in checks()}
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(available))
    parser.add_argument("--fix", action="store_true", help="let ruff repair and format first")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in available]
    if unknown:
        parser.error(f"there is no check {unknown[0]!r}: choose from {', '.join(available)}")
    if options.list:
        print("\n".join(available))
        return 0
    if options.fix:
        for arguments in (("check", "--fix", "--quiet"), ("format", "--quiet")):
            subprocess.run((program("ruff"), *arguments, *CODE), cwd=ROOT, check=False)
    results = [run(available[name]) for name in options.names or available]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
