"""The one script that the application starts with the engine's interpreter.

It makes ``rave_engine`` and its sibling ``rave_protocol`` importable by their folders alone: nothing of ours, and nothing of
the application's own site-packages, lands on the engine's ``sys.path``, so an adopted environment sees no foreign package.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def expose(name: str, folder: Path) -> None:
    """Import the package ``name`` from ``folder`` without touching ``sys.path``."""
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is not a package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def expose_packages() -> None:
    """Make both packages importable from where this script lies. Tests and tools run this file to get at it."""
    here = Path(__file__).resolve().parent
    expose("rave_protocol", here.parent / "rave_protocol")
    expose("rave_engine", here)


def main() -> int:
    """Expose both packages and hand over to :mod:`rave_engine.main`."""
    here = Path(__file__).resolve().parent
    # Python puts a script's folder first on the path; our modules' names must not shadow anybody's.
    if sys.path and sys.path[0] and Path(sys.path[0]).resolve() == here:
        del sys.path[0]
    expose_packages()
    from rave_engine.main import main as engine_main

    return engine_main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
