"""A stratified sample of the configuration matrix; the whole is ``tools/config_matrix.py``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("the matrix forks its processes", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("config_matrix", ROOT / "tools" / "config_matrix.py")
assert spec is not None
assert spec.loader is not None
matrix = importlib.util.module_from_spec(spec)
sys.modules["config_matrix"] = matrix
spec.loader.exec_module(matrix)

SAMPLE = (
    "v1 (stereo)",
    "v2_nopqmf_small",
    "v2 + hybrid",
    "v2 + spherical",
    "discrete",
)

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    from rave_engine import compat

    compat.install(training=True)
    folder = tmp_path_factory.mktemp("datasets")
    return {channels: matrix.make_dataset(folder / str(channels), channels) for channels in (1, 2)}


@pytest.mark.parametrize("name", SAMPLE)
def test_configuration(name: str, datasets: dict[int, Path], tmp_path: Path) -> None:
    case = next(c for c in matrix.CASES if c.name == name)
    row = matrix.in_child(case, datasets[case.channels], tmp_path / "case")
    assert matrix.passed(row), row


def test_every_case_has_its_own_name() -> None:
    names = [case.name for case in matrix.CASES]
    assert len(set(names)) == len(names)
