"""The working function of the ``dataset`` job: the decoding processes come up while the build is imported and looks for files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rave_gui.datasets.decoders import Waiting

if TYPE_CHECKING:
    from rave_gui.datasets.control import BuildContext
    from rave_protocol.specs import DatasetParams


def run(params: DatasetParams, job: BuildContext) -> dict[str, Any]:
    """:func:`rave_gui.datasets.build.run`, begun sooner."""
    if params.lazy:  # nothing is decoded
        from rave_gui.datasets import build

        return build.run(params, job)
    with Waiting.begin() as decoders:
        from rave_gui.datasets import build

        return build.run(params, job, decoders)
