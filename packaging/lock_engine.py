"""Makes the hash-pinned requirement files of the engine's environment.

    python packaging/lock_engine.py

Run it to move to newer packages, then look at the difference, install, and run the contract tests. It needs uv and a
package index. The result is committed, because an installation must not depend on what an index says that day.

- ``engine.txt``: everything but torch and the libraries that only the CUDA build of torch needs; all platforms, wheels only.
- ``engine-source.txt``: what exists only as source (pure Python); built with the pinned setuptools of ``engine.txt``, so that
  no unpinned build tool is fetched.
- ``torch-pypi.txt``: torch as PyPI has it, with those libraries: CUDA on Linux, the processor on Windows, MPS on a Mac.
- ``torch-cpu.txt``: the CPU build of PyTorch's own index; its hashes are in this script, because that index is not
  PyPI's (docs/decisions/0002 says where each hash comes from).
- ``torch-windows-cuda.txt``: version only; its hash is read from PyTorch's index when it is installed.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import uv

OUTPUT = Path(__file__).resolve().parent.parent / "src" / "rave_gui" / "runtime" / "requirements"
TORCH = "2.13.0"
CUDA = "cu130"
# imageio-ffmpeg brings the ffmpeg that lazy datasets of m4a and the like are read by.
DIRECT = ["acids-rave==2.3.1", f"torch=={TORCH}", "torchaudio==2.11.0", "imageio-ffmpeg", "setuptools<81"]
SOURCE_ONLY = re.compile(r"^gputil==")
CUDA_ONLY = re.compile(r"^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+)==")

CPU_WHEELS = {
    "manylinux_2_28_x86_64": "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
    "manylinux_2_28_aarch64": "84453b69508ec79902f899c5ed9495acb9e2bbe9fda5f1d5d6f19e3c3842e1a7",
    "win_amd64": "10717d8b3b67c45a4788bf7ffc0bab1ea1e5ebbedd24466be6100102d141fac1",
}
"""SHA-256 of ``torch-2.13.0+cpu-cp311-cp311-<platform>.whl``. The first was computed from the file; the others are as public
records of PyTorch's index give them."""

HEADER = "# Made by packaging/lock_engine.py: do not edit.\n"


def resolve() -> list[str]:
    """The blocks (requirement line with its hashes) of a resolution for every platform with Python 3.11."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "engine.in"
        source.write_text("\n".join(DIRECT) + "\n", encoding="utf-8")
        text = subprocess.run(
            [
                *(uv.find_uv_bin(), "pip", "compile", "--universal", "--python-version", "3.11"),
                *("--generate-hashes", "--no-header", "--no-annotate", "--no-config"),
                *("--no-emit-index-url", "--no-emit-find-links", str(source)),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    blocks = re.split(r"\n(?=[a-z])", text.strip())
    return [block for block in blocks if not later_only(block.splitlines()[0])]


def later_only(line: str) -> bool:
    """Whether a requirement's marker rules out Python 3.11."""
    return re.search(r"python_full_version >= '3\.1[2-9]", line) is not None


def main() -> None:
    """Write the five files."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    blocks = resolve()
    write("engine.txt", [b for b in blocks if not CUDA_ONLY.match(b) and not SOURCE_ONLY.match(b)])
    write("engine-source.txt", [b for b in blocks if SOURCE_ONLY.match(b)])
    write("torch-pypi.txt", [b for b in blocks if CUDA_ONLY.match(b)])
    hashes = " \\\n".join(f"    --hash=sha256:{value}" for value in sorted(CPU_WHEELS.values()))
    write("torch-cpu.txt", [f"torch=={TORCH}+cpu \\\n{hashes}"])
    write("torch-windows-cuda.txt", [f"torch=={TORCH}+{CUDA}"])


def write(name: str, blocks: list[str]) -> None:
    """Write one requirement file."""
    (OUTPUT / name).write_text(HEADER + "\n".join(blocks) + "\n", encoding="utf-8", newline="\n")
    print(f"{name}: {len(blocks)} packages")


if __name__ == "__main__":
    main()
