"""The settings of pip and uv, as they are handed to uv."""

from __future__ import annotations

from pathlib import Path

import pytest

from rave_gui.runtime.sources import PackageSources, find_sources, pip_files, without_password


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_files_of_pip_are_read_and_the_narrower_one_wins(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    machine = write(
        tmp_path / "machine.conf",
        f"[global]\nindex-url = https://a.example/simple\nfind-links = {wheels}\nextra-index-url =\n  https://b.example/simple\n  https://c.example/simple\n",
    )
    user = write(
        tmp_path / "user.conf", "[global]\nindex-url = https://d.example/simple\n[install]\nno_index = true\n"
    )
    found = find_sources({}, [machine, user])
    assert found.index == "https://d.example/simple"
    assert found.extra_indexes == ["https://b.example/simple", "https://c.example/simple"]
    assert found.find_links == [str(wheels)]
    assert found.no_index


def test_a_variable_of_pip_beats_its_files_and_a_variable_of_uv_beats_both(tmp_path: Path) -> None:
    file = write(tmp_path / "pip.conf", "[global]\nindex-url = https://file.example/simple\n")
    assert (
        find_sources({"PIP_INDEX_URL": "https://variable.example"}, [file]).index
        == "https://variable.example"
    )
    both = {"PIP_INDEX_URL": "https://variable.example", "UV_DEFAULT_INDEX": "https://uv.example"}
    assert find_sources(both, [file]).index is None  # uv reads its own variable by itself


def test_missing_folders_and_broken_files_are_no_obstacle(tmp_path: Path) -> None:
    broken = write(tmp_path / "pip.conf", "no section here\n")
    found = find_sources(
        {"PIP_FIND_LINKS": f"{tmp_path / 'nowhere'} {tmp_path}"}, [broken, tmp_path / "absent"]
    )
    assert found.find_links == [str(tmp_path)]


def test_proxy_and_certificates_become_variables(tmp_path: Path) -> None:
    cert = write(tmp_path / "ca.pem", "")
    found = find_sources({"PIP_CERT": str(cert), "PIP_PROXY": "http://user:secret@proxy:3128"}, [])
    assert found.variables() == {
        "SSL_CERT_FILE": str(cert),
        "HTTP_PROXY": "http://user:secret@proxy:3128",
        "HTTPS_PROXY": "http://user:secret@proxy:3128",
    }
    assert not any("secret" in line for line in found.describe())


def test_arguments_say_everything() -> None:
    sources = PackageSources("https://i", ["https://e"], ["folder"], True, trusted_hosts=["h"])
    args = sources.arguments()
    for expected in (["--default-index", "https://i"], ["--index", "https://e"], ["--find-links", "folder"]):
        at = args.index(expected[0])
        assert args[at : at + 2] == expected
    assert "--no-index" in args
    assert args[args.index("--allow-insecure-host") + 1] == "h"


def test_configuration_can_be_switched_off_as_in_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    assert pip_files({"PIP_CONFIG_FILE": os.devnull}) == []
    assert pip_files({"PIP_CONFIG_FILE": "mine.conf"})[-1] == Path("mine.conf")


def test_passwords_are_not_shown() -> None:
    assert without_password("https://me:word@host/simple") == "https://…@host/simple"
    assert without_password("https://host/simple") == "https://host/simple"
