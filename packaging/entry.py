"""Where the frozen application starts; hidden subcommands re-enter it (see ``rave_gui.cli.main``)."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path


def main() -> int:
    """The command line, or the window for the executable that has no console."""
    multiprocessing.freeze_support()  # a child process of a pool starts this very executable
    from rave_gui.cli import main as cli

    return cli.window() if Path(sys.executable).stem.endswith("-window") else cli.main()


if __name__ == "__main__":
    sys.exit(main())
