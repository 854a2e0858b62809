"""Run upstream's own ``rave train`` on today's torch and say when its first step ended. Run by the engine's interpreter.

Nothing is changed but what keeps it from starting at all: torchaudio's compiled extension, which a CPU build of torch cannot
load. The clock stops in the hook that Lightning calls after each batch.
"""

from __future__ import annotations

import os
import sys
import time
import types
from typing import Any


def guard_torchaudio() -> None:
    """Let ``import torchaudio`` succeed where its extension was built for CUDA."""
    stand_in: Any = types.ModuleType("torchaudio._extension")
    stand_in._IS_TORCHAUDIO_EXT_AVAILABLE = False
    stand_in._IS_ALIGN_AVAILABLE = False
    stand_in._IS_RIR_AVAILABLE = False
    stand_in.fail_if_no_align = lambda function: function
    stand_in.fail_if_no_rir = lambda function: function
    sys.modules["torchaudio._extension"] = stand_in


def main() -> None:
    """As the ``rave`` program does: import its command line and let it run."""
    guard_torchaudio()
    sys.argv = ["rave", "train", *sys.argv[1:]]
    from scripts import main_cli, train

    original = train.rave.RAVE.on_train_batch_end

    def stop_clock(self: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        original(self, outputs, batch, batch_idx)
        print(f"\nfirst step ended at {time.time()}", flush=True)  # tqdm leaves its line open
        os._exit(0)

    train.rave.RAVE.on_train_batch_end = stop_clock
    main_cli.main()


if __name__ == "__main__":
    main()
