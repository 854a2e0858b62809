"""Reading an LMDB file (``data.mdb``) by its own page structure: bounded, read-only, any number of readers in one process.

The ``lmdb`` package writes our datasets. For reading it has three faults that a window cannot live with: it maps the file, so a
file that is cut off, or a network disk that goes away, kills the process (SIGBUS); a damaged page can do the same; and it refuses
to open one file twice in a process. This module reads pages with ordinary file reads and checks every number it finds in them.

Format: LMDB 0.9 on 64-bit machines, little-endian (``mdb.c`` of OpenLDAP: MDB_page, MDB_node, MDB_meta, MDB_db). Only the main
database of plain keys is understood, which is what RAVE's datasets are.
"""

from __future__ import annotations

import os
import struct
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, Self

_MAGIC, _VERSION = 0xBEEFC0DE, 1
_HEADER = struct.Struct(
    "<QHHHH"
)  # pgno, pad, flags, lower, upper (overflow: lower | upper << 16 is the number of pages)
_META = struct.Struct("<IIQQ")
_DB = struct.Struct("<IHHQQQQQ")  # pad, flags, depth, branch, leaf, overflow pages, entries, root
_NODE = struct.Struct("<HHHH")  # lo, hi, flags, size of the key
_TAIL = struct.Struct("<QQ")  # last page, transaction
_U64 = struct.Struct("<Q")
_BRANCH, _LEAF, _OVERFLOW, _META_PAGE = 0x01, 0x02, 0x04, 0x08
_BIG_DATA = 0x01
_NO_PAGE = 0xFFFFFFFFFFFFFFFF
_PAGE_SIZES = (4096, 16384, 8192, 32768, 65536, 2048, 1024, 512)
_MAX_DEPTH = 32
_CACHED_PAGES = 512


class DamagedError(ValueError):
    """A page or a record that is not what the format says, or lies outside the file."""


class Entry(NamedTuple):
    """One record: its key and where in the file its value lies (bytes)."""

    key: bytes
    offset: int
    size: int


class Meta(NamedTuple):
    """One of the two heads of the file; the one with the higher ``transaction`` counts."""

    page_size: int
    flags: int
    entries: int
    root: int
    last_page: int
    transaction: int


def _parse_meta(page: bytes) -> Meta | None:
    if len(page) < _HEADER.size + _META.size + 2 * _DB.size + _TAIL.size:
        return None
    magic, version, _, _ = _META.unpack_from(page, _HEADER.size)
    if magic != _MAGIC or version & 0xFFFF != _VERSION:
        return None
    at = _HEADER.size + _META.size
    page_size = _DB.unpack_from(page, at)[0]
    main = _DB.unpack_from(page, at + _DB.size)
    last, transaction = _TAIL.unpack_from(page, at + 2 * _DB.size)
    if page_size not in _PAGE_SIZES:
        return None
    return Meta(page_size, main[1], main[6], main[7], last, transaction)


class MdbFile:
    """An opened ``data.mdb``; a context manager. What was committed when it was opened is what it shows."""

    def __init__(self, path: Path) -> None:
        """Open. Raises :class:`DamagedError` when neither head of the file is readable, :class:`OSError` from the system."""
        self.path = path
        self._file = path.open("rb", buffering=0)
        self._lock = threading.Lock()
        self._cache: dict[int, bytes] = {}
        self._leaf_ends: list[int] | None = None
        self._leaf_pages: list[int] = []
        try:
            self.file_size = os.fstat(self._file.fileno()).st_size
            self.meta = self._head()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def entries(self) -> int:
        """Records the file says it holds."""
        return self.meta.entries

    @property
    def missing_bytes(self) -> int:
        """How much shorter the file is than the pages it has given out; rarely, unused pages at the end are absent in a sound file."""
        return max(0, (self.meta.last_page + 1) * self.meta.page_size - self.file_size)

    def _head(self) -> Meta:
        found = [_parse_meta(self._read(0, 512))]
        sizes = (found[0].page_size,) if found[0] else _PAGE_SIZES
        for size in sizes:
            other = _parse_meta(self._read(size, 512))
            if other and other.page_size == size:
                found.append(other)
                break
        good = [meta for meta in found if meta is not None]
        self.older = len(good) < 2
        """One of the two heads is damaged: what the other one leads to may be an older state, whole in itself."""
        if not good:
            raise DamagedError("the file is no LMDB database")
        meta = max(good, key=lambda one: one.transaction)
        if meta.flags & 0x7FFF:
            raise DamagedError(f"the database has keys of another kind (flags {meta.flags})")
        return meta

    def _read(self, offset: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            block = self._file.read(size) or b""
            while len(block) < size and (more := self._file.read(size - len(block))):
                block += more
            return block

    def _page(self, number: int) -> bytes:
        """A tree page whose header is sound. Raises :class:`DamagedError`."""
        page = self._cache.get(number)
        if page is not None:
            return page
        size = self.meta.page_size
        if not 2 <= number <= self.meta.last_page or (number + 1) * size > self.file_size:
            raise DamagedError(f"page {number} lies outside the file")
        page = self._read(number * size, size)
        if len(page) != size:
            raise DamagedError(f"page {number} lies outside the file")
        own, _, flags, lower, upper = _HEADER.unpack_from(page)
        if own != number or flags & 0x0F not in (_BRANCH, _LEAF) or not 16 <= lower <= upper <= size:
            raise DamagedError(f"page {number} is damaged")
        if len(self._cache) >= _CACHED_PAGES:
            self._cache.clear()
        self._cache[number] = page
        return page

    @staticmethod
    def _count(page: bytes) -> int:
        return int((_HEADER.unpack_from(page)[3] - 16) // 2)

    @staticmethod
    def _is_leaf(page: bytes) -> bool:
        return bool(_HEADER.unpack_from(page)[2] & _LEAF)

    @staticmethod
    def _node(page: bytes, index: int) -> tuple[int, int, int, int, bytes, int]:
        """Node ``index``: lo, hi, flags, offset of the data in the page, key. Raises :class:`DamagedError`."""
        at = int.from_bytes(page[16 + 2 * index : 18 + 2 * index], "little")
        if not 16 <= at <= len(page) - 8:
            raise DamagedError(f"a node of page {_HEADER.unpack_from(page)[0]} lies outside it")
        lo, hi, flags, length = _NODE.unpack_from(page, at)
        data = at + 8 + length
        if data > len(page):
            raise DamagedError(f"a key of page {_HEADER.unpack_from(page)[0]} lies outside it")
        return lo, hi, flags, data, page[at + 8 : data], at

    def _child(self, page: bytes, index: int) -> int:
        lo, hi, flags, _, _, _ = self._node(page, index)
        return int(lo | hi << 16 | flags << 32)

    def _entry(self, number: int, page: bytes, index: int) -> Entry:
        lo, hi, flags, data, key, _ = self._node(page, index)
        size = lo | hi << 16
        if flags & ~_BIG_DATA:
            raise DamagedError(f"record {key!r} is of another kind")
        if not flags & _BIG_DATA:
            if data + size > len(page):
                raise DamagedError(f"record {key!r} is damaged")
            return Entry(key, number * self.meta.page_size + data, size)
        if data + 8 > len(page):
            raise DamagedError(f"record {key!r} is damaged")
        target = _U64.unpack_from(page, data)[0]
        return Entry(key, target * self.meta.page_size + 16, size)

    def value(self, entry: Entry) -> bytes:
        """The bytes of a record. Raises :class:`DamagedError` when they lie outside the file or under a foreign page."""
        if entry.offset + entry.size > self.file_size:
            raise DamagedError(f"record {entry.key.decode('ascii', 'replace')} lies outside the file")
        value = self._read(entry.offset, entry.size)
        if len(value) != entry.size:
            raise DamagedError(f"record {entry.key.decode('ascii', 'replace')} lies outside the file")
        return value

    def is_sound_overflow(self, entry: Entry) -> bool:
        """Whether the page that a large record begins on says so itself (a record inside a tree page: always)."""
        size = self.meta.page_size
        if entry.offset % size != 16:
            return True
        own, _, flags, lower, upper = _HEADER.unpack_from(self._read(entry.offset - 16, 16).ljust(16, b"\0"))
        pages = lower | upper << 16
        return own == entry.offset // size and bool(flags & _OVERFLOW) and pages * size >= entry.size + 16

    def find(self, key: bytes) -> Entry | None:
        """The record with this key, or None. Raises :class:`DamagedError` when the way to it is damaged."""
        if self.meta.root == _NO_PAGE:
            return None
        number = self.meta.root
        for _ in range(_MAX_DEPTH):
            page = self._page(number)
            low, high = (0 if self._is_leaf(page) else 1), self._count(page)
            while low < high:  # the first node whose key is greater
                middle = (low + high) // 2
                if self._node(page, middle)[4] <= key:
                    low = middle + 1
                else:
                    high = middle
            if self._is_leaf(page):
                if low == 0 or self._node(page, low - 1)[4] != key:
                    return None
                return self._entry(number, page, low - 1)
            number = self._child(page, low - 1)
        raise DamagedError("the tree of the database is too deep")

    def edge(self, last: bool) -> Entry | None:
        """The first or the last record, or None in an empty database. Raises :class:`DamagedError`."""
        if self.meta.root == _NO_PAGE:
            return None
        number = self.meta.root
        for _ in range(_MAX_DEPTH):
            page = self._page(number)
            count = self._count(page)
            if not count:
                raise DamagedError(f"page {number} is empty")
            index = count - 1 if last else 0
            if self._is_leaf(page):
                return self._entry(number, page, index)
            number = self._child(page, index)
        raise DamagedError("the tree of the database is too deep")

    def _leaves(self, on_damage: Callable[[str], None]) -> Iterator[int]:
        """Numbers of the leaf pages in key order; what is damaged is told and left out."""
        seen: set[int] = set()
        stack = [] if self.meta.root == _NO_PAGE else [(self.meta.root, 0)]
        while stack:
            number, depth = stack.pop()
            if number in seen or depth > _MAX_DEPTH:
                on_damage(f"page {number} is part of the tree twice")
                continue
            seen.add(number)
            try:
                page = self._page(number)
                if self._is_leaf(page):
                    yield number
                    continue
                children = [self._child(page, index) for index in range(self._count(page))]
            except DamagedError as error:
                on_damage(str(error))
                continue
            stack += [(child, depth + 1) for child in reversed(children)]

    def walk(self, on_damage: Callable[[str], None] | None = None) -> Iterator[Entry]:
        """Every record that can be reached, in key order. Damage is told to ``on_damage`` and stepped over."""
        tell = on_damage or (lambda _: None)
        for number in self._leaves(tell):
            page = self._page(number)
            for index in range(self._count(page)):
                try:
                    entry = self._entry(number, page, index)
                except DamagedError as error:
                    tell(str(error))
                    continue
                yield entry

    def at(self, index: int) -> Entry:
        """The record in place ``index`` of the key order. The first call reads the heads of all leaf pages.

        Raises :class:`IndexError` or :class:`DamagedError`.
        """
        if self._leaf_ends is None:
            self._leaf_pages = list(self._leaves(lambda _: None))
            self._leaf_ends = list(accumulate(self._count(self._page(page)) for page in self._leaf_pages))
        if not 0 <= index < (self._leaf_ends[-1] if self._leaf_ends else 0):
            raise IndexError(index)
        leaf = bisect_right(self._leaf_ends, index)
        before = self._leaf_ends[leaf - 1] if leaf else 0
        number = self._leaf_pages[leaf]
        return self._entry(number, self._page(number), index - before)

    def salvage(self, check_cancel: Callable[[], None] = lambda: None) -> Iterator[Entry]:
        """Records found by looking at every page of the file, whether the tree leads to them or not; in the order of the file.

        Pages that are no longer used may still hold older versions of a record: the caller looks at what it gets.
        """
        size = self.meta.page_size
        number, pages = 2, self.file_size // size
        while number < pages:
            if number % 1024 == 0:
                check_cancel()
            own, _, flags, lower, upper = _HEADER.unpack_from(self._read(number * size, 16))
            if own == number and flags & 0x0F == _OVERFLOW:
                span = lower | upper << 16
                number += span if 0 < span <= pages - number else 1
                continue
            if own == number and flags & 0x0F == _LEAF:
                try:
                    page = self._page(number)
                except DamagedError:
                    number += 1
                    continue
                for index in range(self._count(page)):
                    try:
                        yield self._entry(number, page, index)
                    except DamagedError:
                        continue
            number += 1
