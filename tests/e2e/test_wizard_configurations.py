"""A sample of the configurations through the wizard's own way to a trained run; the whole is ``tools/config_wizard.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tools import config_wizard
from tools.config_matrix import CASES

from rave_gui import bootstrap

if TYPE_CHECKING:
    from tests.e2e.conftest import Home

pytestmark = [pytest.mark.engine, pytest.mark.slow]

SAMPLE = ("v2 + wasserstein",)


def test_a_choice_in_the_wizard_becomes_a_trained_run(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", home.environment["RAVE_GUI_HOME"])
    monkeypatch.delenv("RAVE_GUI_ENGINE", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    services = bootstrap.build(home.paths)
    project = config_wizard.make_project(services, home.root)
    for name in SAMPLE:
        case = next(case for case in CASES if case.name == name)
        row = config_wizard.through_wizard(services, project, case)
        assert config_wizard.passed(row), row
