"""What ``rave-gui train start`` refuses before it puts anything into the queue, and the project it makes for a start that succeeds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.cli.parameters import in_options
from rave_gui.errors import UserError
from rave_gui.i18n import tr

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project
    from rave_gui.training.schema import Finding


@contextlib.contextmanager
def project_for(folder: str) -> Iterator[Project]:
    """The project of that folder, made where there is none; one that was made now is gone again when the work with it is refused."""
    from rave_gui.projects import Project

    where = Path(folder).expanduser().absolute()
    before = set(where.iterdir()) if where.is_dir() else None
    missing = [path for path in (where, *where.parents) if not path.exists()]
    project = Project.open(folder, create=True)
    try:
        yield project
    except UserError:
        if not before and _only_made_now(where):
            for path in where.iterdir():
                path.rmdir() if path.is_dir() else path.unlink()
            for path in missing:
                with contextlib.suppress(OSError):  # somebody has put something there
                    path.rmdir()
        raise


def _only_made_now(folder: Path) -> bool:
    """Whether a folder that was empty holds nothing but a project's database and empty folders."""
    from rave_gui.projects.project import DATABASE

    return all(
        not any(path.iterdir()) if path.is_dir() else path.name.startswith(DATABASE)
        for path in folder.iterdir()
    )


def refuse_known_faults(
    services: Services, project: Project, dataset: str, fields: dict[str, Any]
) -> list[Finding]:
    """Refuse settings that cannot work with this dataset, on this computer, or in the engine's eyes; what else is to be known.

    Raises :class:`UserError`.
    """
    from rave_gui.configs import actions as configs
    from rave_gui.training import checks, parameters
    from rave_gui.viewmodels import newrun_facts

    services.engine.python()  # nothing is trained without one, so that is said first
    values = parameters.from_fields(fields)
    sounds = newrun_facts.dataset_facts(project.find_dataset(dataset))
    machine = newrun_facts.machine(services, project)
    _refuse(checks.check(values, dataset=sounds, machine=machine))
    stack = configs.Stack.of(fields)
    known = configs.validate(services, stack, project=project.path)
    for item in known.get("findings", ()):
        if item["severity"] == "error":
            raise UserError(item["message"], _forced(str(item.get("hint") or "")), code=item["code"])
    found = configs.estimate(services, stack, project.path)
    memory = checks.MemoryFacts(int(found["phase_1"]), int(found["phase_2"]))
    model = newrun_facts.model_facts(known)
    return _refuse(checks.check(values, dataset=sounds, model=model, machine=machine, memory=memory))


def _refuse(findings: list[Finding]) -> list[Finding]:
    said = [in_options(finding) for finding in findings]
    for finding in said:
        if finding.severity == "error":
            raise UserError(finding.message, _forced(finding.hint), code=finding.code)
    return said


def _forced(hint: str) -> str:
    return tr("{hint} --force starts it all the same.", hint=hint).strip()
