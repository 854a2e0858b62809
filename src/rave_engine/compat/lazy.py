"""Import what RAVE names but rarely uses only when it is used.

Reason: ``import rave`` takes 5 to 9 s, most of it for packages that a training or an export never calls (flask through udls,
scikit-learn for one PCA, scipy.stats for one percentile, librosa for one mel filter bank, torchaudio's own models, setuptools for
gin's comparison of two version numbers). While RAVE is imported those
names resolve to placeholders; the first use of one imports the real package. Afterwards ``sys.modules`` holds no placeholder,
so everybody else's import gets the real thing. Upstream: acids-ircam/RAVE has no thread on this; measured in benchmarks/warm_start.py.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import sys
import types
from collections.abc import Iterator
from typing import Any

RARELY_USED = (
    "librosa",
    "librosa.filters",
    "sklearn",
    "sklearn.decomposition",
    "GPUtil",
    "requests",
    "flask",
    "scipy.stats",
    "torchaudio.compliance",
    "torchaudio.datasets",
    "torchaudio.models",
    "torchaudio.pipelines",
)


class LazyAttribute:
    """Stands for ``package.name`` until it is called or one of its attributes is read."""

    def __init__(self, module: str, name: str) -> None:
        self._lazy_module = module
        self._lazy_name = name

    def _lazy_target(self) -> Any:
        return getattr(importlib.import_module(self._lazy_module), self._lazy_name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._lazy_target()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._lazy_target(), name)


class LazyModule(types.ModuleType):
    """Stands for a package: while RAVE is imported it hands out :class:`LazyAttribute`, afterwards the real attributes."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "Placeholder until first use.")
        self.__path__: list[str] = []
        self.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            return LazyAttribute(self.__name__, name)
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def imports(*names: str) -> Iterator[None]:
    """While open, importing one of ``names`` that is not imported yet gives a placeholder."""
    placed = {name: LazyModule(name) for name in names if name not in sys.modules}
    sys.modules.update(placed)
    try:
        yield
    finally:
        for name, module in placed.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
            # ``import a.b`` binds b on a; a placeholder must not stay there for others.
            parent, _, child = name.rpartition(".")
            owner = sys.modules.get(parent)
            if owner is not None and owner.__dict__.get(child) is module:
                delattr(owner, child)


@contextlib.contextmanager
def plain_distutils() -> Iterator[None]:
    """While open, ``distutils`` is Python's own and not the one that setuptools puts in its place; forgotten afterwards.

    ``gin.torch`` compares torch's version with ``distutils.version``, for which setuptools imports all of itself. Does nothing
    where distutils is imported already, or where Python has none of its own (from 3.12 on).
    """
    if "distutils" in sys.modules or sys.version_info >= (3, 12):
        yield
        return
    hooks = [finder for finder in sys.meta_path if type(finder).__name__ == "DistutilsMetaFinder"]
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in hooks]
    try:
        yield
    finally:
        sys.meta_path[:0] = hooks
        for name in [name for name in sys.modules if name.partition(".")[0] == "distutils"]:
            del sys.modules[name]
