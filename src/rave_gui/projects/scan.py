"""Reading a project's folders: they are the truth, the store follows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from rave_gui.projects.store import Kind, Record, Store


def is_dataset(folder: Path) -> bool:
    """Whether the folder holds a RAVE dataset (LMDB and metadata.yaml; upstream's layout)."""
    return (folder / "data.mdb").is_file() and (folder / "metadata.yaml").is_file()


def is_run(folder: Path) -> bool:
    """Whether the folder holds a training run: ``config.gin`` or a ``version_N`` folder, in upstream's layout or ours."""
    return (folder / "config.gin").is_file() or any(folder.glob("version_*"))


def is_export(folder: Path) -> bool:
    """Whether the folder holds an exported model."""
    return any(folder.glob("*.ts"))


def is_take(folder: Path) -> bool:
    """Takes are sound files."""
    return folder.suffix.lower() in {".wav", ".flac"}


PLACES: tuple[tuple[Kind, str, Callable[[Path], bool]], ...] = (
    ("dataset", "datasets", is_dataset),
    ("run", "runs", is_run),
    ("export", "exports", is_export),
    ("take", "takes", is_take),
)


def entries(folder: Path, accept: Callable[[Path], bool]) -> Iterator[Path]:
    """Accepted entries of a folder in order of name; hidden ones (unfinished builds, the trash) are left out."""
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if not entry.name.startswith(".") and accept(entry):
            yield entry


def look(root: Path, kind: Kind) -> list[Record]:
    """What lies in the folders, for a project whose store cannot be used because nothing there may be written."""
    place, accept = next((place, accept) for what, place, accept in PLACES if what == kind)
    found = entries(root / place, accept)
    return [Record(kind, e.stem if kind == "take" else e.name, e, e.stat().st_mtime) for e in found]


def rescan(root: Path, store: Store) -> None:
    """Bring the store in line with the folders: new ones are registered, vanished ones forgotten, others left as they are.

    A row whose folder is still being made by its job (registered, not complete yet) stays while the folder exists or the
    job's folder does.
    """
    for kind, place, accept in PLACES:
        found = {
            entry.stem if kind == "take" else entry.name: entry for entry in entries(root / place, accept)
        }
        known = {record.name: record for record in store.items(kind)}
        for name, path in found.items():
            if name not in known:
                store.register(kind, name, path)
        for name, record in known.items():
            if name in found or record.path.exists():
                continue
            if record.job is None or not (root / "jobs" / record.job).exists():
                store.forget(kind, name)
