"""The map of a dataset: chunks that sound alike lie close together. Principal components of the features, by numpy's SVD."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rave_gui.datasets import stats
from rave_gui.datasets.beside import beside
from rave_gui.datasets.origins import Origins
from rave_gui.paths import AppPaths

Floats = npt.NDArray[np.float32]
_KEPT = 12
"""Components that distances are taken in: enough for timbre, few enough to leave noise out."""


@dataclass(frozen=True)
class SimilarityMap:
    """Points in the plane, one a sampled chunk."""

    indices: npt.NDArray[np.int64]
    """Places of the chunks in the dataset."""
    points: Floats
    """[n, 2], each between -1 and 1."""
    sources: npt.NDArray[np.int32]
    """Row in :attr:`names` of each chunk's recording, -1 where it is not recorded."""
    names: list[str]
    """Paths of the recordings."""
    variance: float
    """Share of all differences between chunks that the two axes show, 0 to 1."""
    components: Floats
    """[n, k]: what :meth:`similar` compares."""

    def nearest(self, x: float, y: float) -> int:
        """The chunk whose point is nearest to a place in the map. Raises :class:`ValueError` when there is none."""
        if not len(self.points):
            raise ValueError("the map is empty")
        return int(self.indices[np.argmin(((self.points - np.array([x, y], np.float32)) ** 2).sum(axis=1))])

    def similar(self, index: int, n: int = 10) -> list[int]:
        """Chunks that sound most like chunk ``index``, the nearest first; empty when it is not in the map."""
        found = np.flatnonzero(self.indices == index)
        if not found.size:
            return []
        distance = ((self.components - self.components[found[0]]) ** 2).sum(axis=1)
        distance[found[0]] = np.inf
        order = np.argsort(distance, kind="stable")[: min(n, len(distance) - 1)]
        return [int(self.indices[one]) for one in order]


def project(features: Floats) -> tuple[Floats, Floats, float]:
    """Points [n, 2] between -1 and 1, components [n, k] and the share of variance of the two axes, of features [n, m]."""
    if len(features) < 2:
        return np.zeros((len(features), 2), np.float32), np.zeros((len(features), 1), np.float32), 1.0
    values = features.astype(np.float64)
    spread = values.std(axis=0)
    values = (values - values.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    _, singular, axes = np.linalg.svd(values, full_matrices=False)
    # The sign of an axis is arbitrary: the largest weight points up, so that the map of a dataset never flips.
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    components = values @ axes[:_KEPT].T
    plane = np.zeros((len(values), 2))
    plane[:, : min(2, components.shape[1])] = components[:, :2]
    # Far outliers must not press all others into one spot: the arc tangent keeps them on the map.
    scale = np.percentile(np.abs(plane), 85, axis=0)
    points = np.arctan(plane / np.where(scale > 1e-9, scale, 1.0)) * (2 / np.pi)
    energy = singular**2
    share = float(energy[:2].sum() / energy.sum()) if energy.sum() > 0 else 1.0
    return points.astype(np.float32), components.astype(np.float32), share


def load(dataset: Path, *, paths: AppPaths) -> SimilarityMap | None:
    """The map from the features that :func:`rave_gui.datasets.stats.compute` kept; None where they are missing or stale."""
    if stats.load(dataset, paths=paths) is None:
        return None
    try:
        with np.load(beside(dataset, paths) / stats.FEATURES) as kept:
            good = kept["good"]
            indices, files, features = kept["indices"][good], kept["files"][good], kept["features"][good]
    except (OSError, ValueError, KeyError):
        return None
    points, components, share = project(features)
    with Origins(dataset) as origins:
        paths_by_id = {source.id: source.path for source in origins.sources()}
    used = [int(one) for one in np.unique(files[files >= 0])]
    rows = {number: row for row, number in enumerate(used)}
    sources = np.array([rows.get(int(one), -1) for one in files], np.int32)
    names = [paths_by_id.get(number, "") for number in used]
    return SimilarityMap(indices.astype(np.int64), points, sources, names, share, components)
