"""PyTorch's own index: a local copy of its layout stands in for it."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rave_gui.runtime import torch_index
from rave_gui.runtime.environments import LOCKS, TORCH

LOCK = LOCKS / TORCH["windows-cuda"]
DIGEST = "ab" * 32
NAME = "torch-2.13.0%2Bcu130-cp311-cp311-win_amd64.whl"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page ``cu130/torch/``, served on this machine."""
    folder = tmp_path / "cu130" / "torch"
    folder.mkdir(parents=True)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        monkeypatch.setenv(torch_index.VARIABLE, f"http://127.0.0.1:{listening.server_address[1]}/")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield folder / "index.html"
        listening.shutdown()
        thread.join()


def test_the_stated_hash_is_required(index: Path, tmp_path: Path) -> None:
    other = NAME.replace("cp311-cp311", "cp312-cp312")
    index.write_text(
        f'<a href="/whl/cu130/{other}#sha256={"cd" * 32}">x</a>\n<a href="/whl/cu130/{NAME}#sha256={DIGEST}">y</a>',
        encoding="utf-8",
    )
    assert torch_index.reachable("cu130")
    assert not torch_index.reachable("cpu")
    assert torch_index.wheel_hash("cu130", LOCK) == DIGEST
    pinned = torch_index.pinned_copy("cu130", LOCK, tmp_path / "torch.txt")
    assert pinned.read_text(encoding="utf-8") == f"torch==2.13.0+cu130 --hash=sha256:{DIGEST}\n"


@pytest.mark.parametrize(
    "page", ["", f'<a href="{NAME}">no hash</a>', f'<a href="{NAME}#sha256=xyz">bad</a>']
)
def test_without_a_stated_hash_nothing_is_installed(index: Path, tmp_path: Path, page: str) -> None:
    index.write_text(page, encoding="utf-8")
    assert torch_index.wheel_hash("cu130", LOCK) is None
    with pytest.raises(LookupError):
        torch_index.pinned_copy("cu130", LOCK, tmp_path / "torch.txt")
    assert not (tmp_path / "torch.txt").exists()


def test_an_index_that_cannot_be_reached_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(torch_index.VARIABLE, "http://127.0.0.1:9/whl")
    assert not torch_index.reachable("cpu")
    monkeypatch.setenv(torch_index.VARIABLE, "file:///etc")
    assert not torch_index.reachable("cpu"), "only the network is asked"
