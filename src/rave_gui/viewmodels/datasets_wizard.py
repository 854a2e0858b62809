"""Making a dataset, step by step: recordings, review, parameters, name. Nothing entered is lost on the way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.viewmodels.datasets_files import FilesModel
from rave_gui.viewmodels.steps import Steps
from rave_gui.viewmodels.typed_paths import meant
from rave_protocol.specs import DatasetParams

if TYPE_CHECKING:
    from rave_gui.datasets.preflight import Preflight


class WizardModel(Steps):
    """What the user has given so far. ``changed`` carries the topic: step, sources, files, values, forecast, name, place."""

    steps = ("sources", "review", "parameters", "name")

    def __init__(self) -> None:
        from rave_gui.datasets.parameters import defaults

        super().__init__()
        self.sources: list[Path] = []
        self.missing: frozenset[Path] = frozenset()
        """Sources that were not there when they were looked at last."""
        self.scan_problem = ""
        """Why the sources could not be searched."""
        self.files = FilesModel()
        self.files.changed.connect(lambda _what: self.changed.emit("files"))
        self.scanned: tuple[Any, ...] | None = None
        """What the files were scanned for; None: not yet."""
        self.scanning = False
        self.values: dict[str, Any] = defaults()
        self.problems: dict[str, str] = {}
        """What is wrong with single values, by key."""
        self.forecast: Preflight | None = None
        self.forecast_error: UserError | None = None
        self.forecasting = False
        self.name = ""
        self.named = False
        """Whether the user gave the name, so that it is not replaced by one made of the folders'."""
        self.taken: frozenset[str] = frozenset()
        """Names of datasets there are, in lower case."""
        self.elsewhere = False
        """Whether it is made outside of the project."""
        self.folder = ""
        """The folder in which it is made then, as the user gave it."""
        self.place_problem = ""
        """What is wrong with that, as found on the disk."""

    # Sources

    def add_sources(self, paths: Iterable[Path]) -> int:
        """Take files and folders; what is there already, or lies in a folder that is, is passed over. How many were new."""
        added = 0
        for path in paths:
            absolute = path.expanduser().absolute()
            if absolute in self.sources:
                continue
            self.sources.append(absolute)
            added += 1
        if added:
            self._offer_name()
            self.changed.emit("sources")
        return added

    def remove_sources(self, paths: Iterable[Path]) -> None:
        """Take files and folders off the list."""
        gone = set(paths)
        self.sources = [path for path in self.sources if path not in gone]
        self._offer_name()
        self.changed.emit("sources")

    def set_missing(self, paths: Iterable[Path]) -> None:
        """Which of the sources are not there."""
        missing = frozenset(paths)
        if missing != self.missing:
            self.missing = missing
            self.changed.emit("missing")

    def _not_there(self) -> str:
        gone = [path for path in self.sources if path in self.missing]
        if not gone:
            return ""
        if len(gone) == 1:
            return tr("{path} is not there. Take it off the list, or connect its disk.", path=gone[0])
        return trn(
            "{path} and {n} other are not there. Take them off the list, or connect their disk.",
            "{path} and {n} others are not there. Take them off the list, or connect their disk.",
            len(gone) - 1,
            path=gone[0],
        )

    @property
    def wanted_scan(self) -> tuple[Any, ...]:
        """What a scan would look for now."""
        return (tuple(map(str, self.sources)), tuple(self.values["extensions"]))

    # Values

    def set_value(self, key: str, value: Any) -> None:
        """Another value of a parameter."""
        from rave_gui.datasets.parameters import problems

        if self.values.get(key) == value:
            return
        self.values[key] = value
        self.problems = problems(self.values)
        self.changed.emit("values")

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Several at once."""
        from rave_gui.datasets.parameters import problems

        self.values.update(values)
        self.problems = problems(self.values)
        self.changed.emit("values")

    def applies(self, key: str) -> bool:
        """Whether a parameter has an effect with the others as they are."""
        from rave_gui.datasets.parameters import parameter

        needs = parameter(key).needs
        if needs is None:
            return True
        other, value = needs
        return str(self.values[other]) == str(value)

    def set_forecast(self, found: Preflight | None, error: UserError | None = None) -> None:
        """The forecast for the present values (or why there is none)."""
        self.forecast, self.forecast_error, self.forecasting = found, error, False
        self.changed.emit("forecast")

    # Name

    def set_name(self, name: str) -> None:
        """The user's name for it."""
        self.name, self.named = name, bool(name.strip())
        self.changed.emit("name")

    def _offer_name(self) -> None:
        from rave_gui.projects.names import safe_name

        if self.named:
            return
        folders = [path for path in self.sources if path.is_dir()] or [path.parent for path in self.sources]
        base = safe_name(folders[0].name, "dataset") if folders else ""
        name, number = base, 1
        while name and name.casefold() in self.taken:
            number += 1
            name = f"{base}-{number}"
        self.name = name

    # Place

    def set_place(self, elsewhere: bool, folder: str) -> None:
        """In the project, or in a folder elsewhere."""
        self.elsewhere, self.folder, self.place_problem = elsewhere, folder.strip(), ""
        self.changed.emit("place")

    def set_place_problem(self, problem: str) -> None:
        """What the disk says of the place; empty: it can be made there."""
        self.place_problem = problem
        self.changed.emit("checked")

    def output(self, datasets: Path) -> Path:
        """The folder that the dataset becomes; ``datasets`` is where the project keeps its own."""
        parent = meant(self.folder) if self.elsewhere and self.folder else datasets
        return parent / (self.name or "dataset")

    # The way

    def problem(self, step: str) -> str:
        """See :meth:`Steps.problem`."""
        if step == "sources" and not self.sources:
            return tr("Add at least one recording or folder.")
        if step == "sources":
            return self._not_there()
        if step == "review":
            if self.scanning:
                return ""
            if self.scan_problem:
                return self.scan_problem
            if not self.files.rows:
                return tr("No sound files were found. Go back and choose another folder.")
            if not self.files.kept:
                return tr("Every file is left out or cannot be used: nothing would be left.")
        if step == "parameters":
            if self.problems:
                return next(iter(self.problems.values()))
            errors = [r for r in (self.forecast.remarks if self.forecast else []) if r.severity == "error"]
            if errors:
                return errors[0].message
            if self.forecast_error is not None:
                return self.forecast_error.message
        return self.name_problem() or self._place_problem() if step == "name" else ""

    def _place_problem(self) -> str:
        if self.elsewhere and not self.folder:
            return tr("Choose the folder in which the dataset is made.")
        return self.place_problem if self.elsewhere else ""

    def name_problem(self) -> str:
        """What is wrong with the name, in a sentence; empty: nothing."""
        from rave_gui.projects.names import check_name

        if not self.name.strip():
            return tr("Give the dataset a name.")
        try:
            check_name(self.name)
        except UserError as error:
            return f"{error.message} {error.hint}"
        if self.name.casefold() in self.taken:
            return tr(
                "The project has a dataset of that name already. Nothing is ever overwritten: choose another."
            )
        return ""

    def params(self, output: Path) -> DatasetParams:
        """What is asked of the job; ``output`` is the dataset's folder."""
        exclude = [*self.values["exclude"], *self.files.left_out]
        values: dict[str, Any] = {
            key: list(value) if isinstance(value, list) else value for key, value in self.values.items()
        }
        values["exclude"] = exclude
        return DatasetParams([str(path) for path in self.sources], str(output), **values)
