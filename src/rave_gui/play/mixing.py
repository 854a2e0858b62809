"""The original and the model's answer, mixed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def blend(original: Floats, result: Floats, mix: float, gain: float = 1.0) -> Floats:
    """Both [channels, n] at one rate: ``mix`` of ``result`` (0 to 1) and the rest of ``original``, times ``gain``.

    As long as the result; a shorter original ends in silence, and channels are repeated as needed. At mix 1 the original is not
    touched at all: the samples are those of the result.
    """
    if mix >= 1.0:
        return result if gain == 1.0 else (result * np.float32(gain)).astype(np.float32)
    channels, length = max(original.shape[0], result.shape[0]), result.shape[1]
    out = np.zeros((channels, length), np.float32)
    for index in range(channels):
        wet = result[min(index, result.shape[0] - 1)]
        dry = original[min(index, original.shape[0] - 1)][:length]
        out[index] = wet * np.float32(mix)
        out[index, : dry.shape[0]] += dry * np.float32(1.0 - mix)
    if gain != 1.0:
        out *= np.float32(gain)
    return out
