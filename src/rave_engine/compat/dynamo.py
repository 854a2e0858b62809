"""Run optimizers without importing torch's compiler.

Reason: torch 2.x wraps ``Optimizer.add_param_group``, ``zero_grad``, ``state_dict`` and ``Adam.step`` so that ``torch.compile`` does not look into
them, and each wrapper imports ``torch._dynamo`` (and with it sympy, in all 3 to 5 s) on its first call, before the first step of
a training that never compiles. The wrapped functions keep the original in ``__wrapped__``; that is what runs here.
Source: torch/_compile.py and torch/optim/optimizer.py (``_use_grad_for_differentiable``) of torch 2.13.
"""

from __future__ import annotations

import sys

NAMES = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")


def apply() -> None:
    """Undecorate the methods of torch's Optimizer, and Adam's step; does nothing where the compiler is loaded already."""
    import torch
    from torch.optim import Adam, Optimizer

    if "torch._dynamo" in sys.modules:
        return
    for name in NAMES:
        original = getattr(getattr(Optimizer, name), "__wrapped__", None)
        if original is not None:
            setattr(Optimizer, name, original)
    step = getattr(Adam.step, "__wrapped__", None)
    if step is not None and not getattr(Adam.step, "hooked", False):
        # _use_grad did two things: switch gradients off (``differentiable`` is never set here) and talk to the compiler.
        Adam.step = torch.no_grad()(step)
