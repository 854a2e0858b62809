"""Putting a finished folder in the place of a dataset, so that a crash leaves the old one or the new one."""

from __future__ import annotations

import shutil
import time
from pathlib import Path


def rename(source: Path, target: Path) -> None:
    """Rename a folder, with the retries that Windows needs."""
    for attempt in range(20):
        try:
            source.rename(target)
            return
        except PermissionError:
            if attempt == 19:
                raise
            time.sleep(0.1)


def _before(dataset: Path) -> Path:
    return dataset.with_name(f".{dataset.name}.before")


def swap(aside: Path, dataset: Path) -> None:
    """Put the folder ``aside`` in the place of ``dataset``. Raises :class:`OSError`; then the dataset is the old one."""
    before = _before(dataset)
    shutil.rmtree(before, ignore_errors=True)
    rename(dataset, before)
    try:
        rename(aside, dataset)
    except OSError:
        rename(before, dataset)
        raise
    shutil.rmtree(before, ignore_errors=True)


def recover(dataset: Path) -> bool:
    """Finish a swap that a crash interrupted; whether there was one."""
    before = _before(dataset)
    if dataset.exists() or not before.is_dir():
        return False
    aside = dataset.with_name(f".{dataset.name}.appending")
    rename(aside if (aside / "metadata.yaml").is_file() else before, dataset)
    shutil.rmtree(before, ignore_errors=True)
    return True


def recover_all(folder: Path) -> None:
    """Finish every interrupted swap of the datasets in a folder."""
    for before in folder.glob(".*.before"):
        recover(before.with_name(before.name[1 : -len(".before")]))
