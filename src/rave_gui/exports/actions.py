"""What a user can do with exports: make one, check one, list them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.jobs.trust import trusted_configs
from rave_gui.projects import Project
from rave_gui.projects.runs import run_of
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json
from rave_protocol.specs import ExportParams, VerifyParams

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView

CARD = "card.json"


def run(
    services: Services,
    project: Project,
    model: str,
    *,
    name: str | None = None,
    streaming: bool = True,
    fidelity: float = 0.95,
    channels: int | None = None,
    sample_rate: int | None = None,
    ema: bool = False,
) -> JobView:
    """Export a run (by name or path, or a .ckpt file) as a TorchScript model for nn~, as a job; returns it at once.

    Raises :class:`UserError`: run-missing, name-taken, bad-name, bad-settings, engine-missing.
    """
    services.engine.python()
    if not 0.0 < fidelity <= 1.0:
        raise UserError(
            tr("A fidelity of {fidelity} is not possible.", fidelity=fidelity),
            tr("Give a value above 0 and up to 1, for example 0.95."),
            code="bad-settings",
        )
    checkpoint = project.find_model(model)
    source = run_of(checkpoint)
    target = project.new_path(project.exports, name, source.name, "export")
    params = ExportParams(
        str(checkpoint),
        str(target),
        target.name,
        streaming,
        fidelity,
        channels,
        sample_rate,
        ema,
        trusted_configs(services.paths, project.jobs, source, project.store.get("run", source.name)),
    )
    job = services.jobs.submit("export", params, project=project.path, title=f"Export {target.name}")
    project.store.register("export", target.name, target, job=job.id, parent=source.name)
    return job


def verify(services: Services, project: Project | None, model: str) -> JobView:
    """Load an exported model as a host does and test it, as a job.

    ``model`` is a .ts file, or the name of an export in the project. Raises :class:`UserError`: export-missing, engine-missing.
    """
    services.engine.python()
    path = find_model(project, model)
    where = project.path if project else None
    return services.jobs.submit("verify", VerifyParams(str(path)), project=where, title=f"Verify {path.name}")


def find_model(project: Project | None, model: str) -> Path:
    """The .ts file of an export named in the project, or at a path. Raises :class:`UserError` export-missing."""
    direct = Path(os.path.abspath(Path(model).expanduser()))  # noqa: PTH100
    if direct.is_file():
        return direct
    if direct.is_dir():
        found = sorted(direct.glob("*.ts"))
    elif project is not None:
        record = project.store.get("export", model)
        adopted = record.info.get("file") if record else None  # one of several in a folder of somebody's
        found = [Path(adopted)] if adopted else sorted(project.find_export(model).glob("*.ts"))
    else:
        found = []
    if not found:
        raise UserError(
            tr("There is no exported model “{model}”.", model=model),
            tr("Give a .ts file, or the name of an export together with --project."),
            code="export-missing",
        )
    return found[0]


def list_exports(project: Project) -> list[dict[str, Any]]:
    """Every export as it is on disk: name, path, model file and what its card says (empty without a card)."""
    found = []
    for record in project.items("export"):
        adopted = record.info.get("file")
        models = [Path(adopted)] if adopted else sorted(record.path.glob("*.ts"))
        found.append(
            {
                "name": record.name,
                "path": str(record.path),
                "model": str(models[0]) if models else None,
                "run": record.parent,
                "job": record.job,
                "card": card(record.path),
            }
        )
    return found


def card(folder: Path) -> dict[str, Any]:
    """What the card of an export says; nothing without one."""
    try:
        return read_json(folder / CARD)
    except (OSError, ProtocolError):
        return {}
