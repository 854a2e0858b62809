"""Which file name endings a folder is searched for; kept apart so that a search need not load the decoders."""

from __future__ import annotations

# fmt: off
EXTENSIONS = frozenset({
    "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "au", "caf", "dsf", "flac", "m4a", "m4b", "mka", "mkv", "mov", "mp2",
    "mp3", "mp4", "oga", "ogg", "opus", "ra", "rf64", "snd", "spx", "tta", "voc", "w64", "wav", "webm", "wma", "wv",
})
# fmt: on
"""Lower case, without the dot. Files named one by one are tried whatever their ending."""
