"""Where packages come from: the user's settings for pip and uv, in uv's words.

uv reads its own variables and files by itself but none of pip's, while a company's mirror, a proxy's certificate or
a folder of wheels is most often written down for pip. pip's rules are followed here: command line aside, a variable
(``PIP_INDEX_URL``) beats a file, and files are read from the widest to the narrowest.
Source: https://pip.pypa.io/en/stable/topics/configuration/
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

_KEYS = ("index-url", "extra-index-url", "find-links", "no-index", "cert", "proxy", "trusted-host")
_LISTS = {"extra-index-url", "find-links", "trusted-host"}


@dataclass(frozen=True)
class PackageSources:
    """Settings found, ready to be handed to uv."""

    index: str | None = None
    extra_indexes: list[str] = field(default_factory=list)
    find_links: list[str] = field(default_factory=list)
    no_index: bool = False
    cert: str | None = None
    proxy: str | None = None
    trusted_hosts: list[str] = field(default_factory=list)

    def arguments(self) -> list[str]:
        """Options of ``uv pip …`` that say the same."""
        args: list[str] = []
        if self.index:
            args += ["--default-index", self.index]
        for url in self.extra_indexes:
            args += ["--index", url]
        for place in self.find_links:
            args += ["--find-links", place]
        if self.no_index:
            args.append("--no-index")
        for host in self.trusted_hosts:
            args += ["--allow-insecure-host", host]
        # As pip does: look everywhere. Safe, because what is installed is pinned by hash.
        args += ["--index-strategy", "unsafe-best-match"]
        return args

    def variables(self) -> dict[str, str]:
        """Environment variables that uv and Python's own downloads understand."""
        found: dict[str, str] = {}
        if self.cert:
            found["SSL_CERT_FILE"] = self.cert
        if self.proxy:
            found.update(HTTP_PROXY=self.proxy, HTTPS_PROXY=self.proxy)
        return found

    def describe(self) -> list[str]:
        """One line per setting that was found, for the log; passwords in addresses are left out."""
        said = []
        if self.index:
            said.append(f"package index: {without_password(self.index)}")
        said += [f"extra package index: {without_password(url)}" for url in self.extra_indexes]
        said += [f"folder of packages: {without_password(place)}" for place in self.find_links]
        if self.no_index:
            said.append("no package index (pip's no-index)")
        if self.cert:
            said.append(f"certificates: {self.cert}")
        if self.proxy:
            said.append(f"proxy: {without_password(self.proxy)}")
        return said


def find_sources(environ: Mapping[str, str] | None = None, files: list[Path] | None = None) -> PackageSources:
    """The settings of this user: pip's files, then pip's variables; a variable of uv's own about the same thing wins.

    ``files`` replaces the list of pip's files (tests).
    """
    environ = os.environ if environ is None else environ
    values: dict[str, str] = {}
    for file in pip_files(environ) if files is None else files:
        values.update(_read(file))
    for key in _KEYS:
        value = environ.get("PIP_" + key.replace("-", "_").upper())
        if value:
            values[key] = value
    lists = {key: values.get(key, "").split() for key in _LISTS}
    uv_index = any(environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"))
    uv_extra = any(environ.get(name) for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL"))
    index = None if uv_index else values.get("index-url")
    cert = values.get("cert")
    return PackageSources(
        index=index,
        extra_indexes=[] if uv_extra else [u for u in lists["extra-index-url"] if _usable(u)],
        find_links=[] if environ.get("UV_FIND_LINKS") else [f for f in lists["find-links"] if _usable(f)],
        no_index=values.get("no-index", "").lower() in {"1", "true", "yes", "on"},
        cert=cert if cert and not environ.get("SSL_CERT_FILE") and Path(cert).exists() else None,
        proxy=values.get("proxy") if not (environ.get("HTTPS_PROXY") or environ.get("https_proxy")) else None,
        trusted_hosts=lists["trusted-host"],
    )


def pip_files(environ: Mapping[str, str]) -> list[Path]:
    """pip's configuration files of this platform, widest first; they need not exist."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if sys.platform == "win32":
        machine = [Path(environ.get("PROGRAMDATA", r"C:\ProgramData")) / "pip" / "pip.ini"]
        user = [home / "pip" / "pip.ini", Path(environ.get("APPDATA", str(home))) / "pip" / "pip.ini"]
    elif sys.platform == "darwin":
        machine = [Path("/Library/Application Support/pip/pip.conf")]
        user = [
            home / ".pip" / "pip.conf",
            home / ".config" / "pip" / "pip.conf",
            home / "Library" / "Application Support" / "pip" / "pip.conf",
        ]
    else:
        folders = [p for p in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep) if p]
        machine = [*(Path(p) / "pip" / "pip.conf" for p in reversed(folders)), Path("/etc/pip.conf")]
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        user = [home / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
    return [*machine, *user, *([Path(named)] if named else [])]


def _read(file: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        with file.open(encoding="utf-8") as stream:
            parser.read_file(stream)
    except (OSError, UnicodeDecodeError, configparser.Error):
        return {}  # pip itself says what is wrong with the file; here it is only one source of settings less
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found.update(
                {k.replace("_", "-"): v for k, v in parser.items(section) if k.replace("_", "-") in _KEYS}
            )
    return found


def _usable(place: str) -> bool:
    """Whether a find-links entry or an index is an address, or a folder that exists (uv refuses a missing one)."""
    if place.startswith("file://"):
        return Path(urlsplit(place).path).exists()
    return "://" in place or Path(place).expanduser().exists()


def without_password(url: str) -> str:
    """An address as it may be shown."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc="…@" + parts.netloc.rpartition("@")[2]))
