"""Previews and checks of configurations: the same result as gin's own parser, and every fault at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rave_engine import configs, estimate
from rave_engine.configs import check as checking
from rave_engine.configs import index as indexing
from rave_engine.configs import preview as previewing
from rave_engine.configs import stock
from rave_protocol import stacks

STACKS = [
    (["v1"], ["CAPACITY = 4"], []),
    (["v2", "wasserstein", "noise"], ["PHASE_1_DURATION = 7"], ["mute"]),
    (["v2", "spherical"], ["PHASE_1_DURATION = 7", "blocks.EncoderV2.kernel_size = 5"], []),
    (["v3"], [], []),
    (["discrete_v3"], ["CODEBOOK_SIZE = 32"], []),
    (["v2_nopqmf_small"], [], ["gain", "compress"]),
    (["v2", "normalize_ambient", "hybrid"], [], []),
]


@pytest.mark.parametrize(("stack", "overrides", "augmentations"), STACKS, ids=lambda v: "+".join(map(str, v)))
def test_the_walk_leaves_what_gins_parser_leaves(
    stack: list[str], overrides: list[str], augmentations: list[str]
) -> None:
    import gin

    composed = configs.compose(stack, overrides, augmentations, channels=2).text
    found, _ = previewing.walk(stack, overrides, augmentations, channels=2)
    assert found.faults == []
    assert gin.config_str() == composed
    held = {(s, n, p): repr(v) for (s, n), given in gin.config._CONFIG.items() for p, v in given.items()}
    assert {key: settings[-1].text for key, settings in found.settings.items()} == held


def test_every_binding_names_its_line_and_what_it_replaced() -> None:
    result = previewing.preview(["v2", "wasserstein"], ["CAPACITY = 4", "NUM_QUANTIZERS = 3"])
    assert result["faults"] == []
    by_name = {item["name"]: item for item in result["bindings"]}
    capacity = by_name["CAPACITY"]
    assert (capacity["value"], capacity["source"], capacity["line"]) == ("4", "override", 1)
    assert [(o["value"], o["source"]) for o in capacity["overrode"]] == [("64", "v1"), ("96", "v2")]
    for item in result["bindings"]:
        for place in (item, *item["overrode"]):
            if place["source"] in ("override", "application"):
                continue
            line = Path(place["file"]).read_text().splitlines()[place["line"] - 1]
            assert item["name"].rpartition(".")[2] in line, (item["name"], place)
    encoder = by_name["blocks.EncoderV2.capacity"]
    assert (encoder["value"], encoder["resolved"], encoder["used"]) == ("%CAPACITY", "4", True)
    assert by_name["blocks.Encoder.capacity"]["used"] is False, "v2 has no v1 encoder"
    assert by_name["NUM_QUANTIZERS"]["used"] is False
    assert by_name["feature_matching/core.mean_difference.relative"]["used"] is None, "called by a step only"
    assert result["facts"]["latent_size"] == 16


OWN = """# My own: a wide one
from __gin__ import dynamic_registration

from rave import blocks

CAPACITY = "big"
LATENT_SIZE = -3
RATIOS = [4, 0, 2]
blocks.EncoderV2:
    kernal_size = 3
    dilations = %DILATION
blocks.EncoderV9:
    capacity = 3
blocks.GeneratorV2.recurrent_layer = @blocks.GRUU
"""


def test_every_fault_is_found_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "own.gin"
    path.write_text(OWN)
    result = checking.check(["v2", str(path)])
    assert not result["valid"]
    assert [(f["line"], f["code"], f["severity"]) for f in result["findings"]] == [
        (6, "wrong-type", "error"),
        (7, "out-of-range", "error"),
        (8, "out-of-range", "error"),
        (10, "unknown-parameter", "error"),
        (11, "undefined-macro", "error"),
        (12, "unknown-name", "error"),
        (14, "unknown-name", "error"),
    ]
    hints = {f["line"]: f["hint"] for f in result["findings"]}
    assert "kernel_size" in hints[10]
    assert "%DILATIONS" in hints[11]
    assert "EncoderV2" in hints[12]
    assert {f["source"] for f in result["findings"]} == {"own.gin"}


def test_unsaved_text_is_judged_instead_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "own.gin"
    path.write_text("CAPACITY = 'big'\n")
    assert not checking.check(["v2", str(path)])["valid"]
    result = checking.check(["v2", str(path)], texts={str(path): "CAPACITY = 8\n\nNUM_QUANTIZERS = 2\n"})
    assert result["valid"]
    assert [(f["code"], f["line"]) for f in result["findings"]] == [("no-effect", 3)]
    broken = checking.check(["v2", str(path)], texts={str(path): "CAPACITY = 8\n\nX = = 2\n"})
    assert [(f["code"], f["line"]) for f in broken["findings"]] == [("gin-syntax", 3)]


def test_what_could_run_code_is_named_and_nothing_of_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "own.gin"
    marker = tmp_path / "ran"
    (tmp_path / "evil.py").write_text(f"open({str(marker)!r}, 'w')\n")
    text = "from __gin__ import dynamic_registration\nimport evil\nCAPACITY = @evil.open()\n"
    path.write_text(text)
    for texts in ({}, {str(path): text}):
        result = checking.check(["v2", str(path)], texts=texts)
        assert {f["code"] for f in result["findings"]} == {"untrusted-config"}
        assert result["findings"][0]["line"] == 2
    assert not marker.exists()


def test_overrides_are_judged_one_by_one() -> None:
    result = checking.check(
        ["v2"], ["NUM_QUANTIZERS = 3", "CAPACITY = 8", "CAPACITY = 4", "PHASE_1_DURATION = 5"]
    )
    assert result["valid"]
    assert [(f["line"], f["code"], f["name"]) for f in result["findings"]] == [
        (1, "no-effect", "NUM_QUANTIZERS"),
        (2, "no-effect", "CAPACITY"),
    ]
    wrong = checking.check(["v2"], ["CAPACITY = 8", "CAPACITY = 0", "COLOUR = 3"])
    assert [(f["line"], f["code"]) for f in wrong["findings"]] == [(3, "unknown-override")]
    assert [f["code"] for f in checking.check(["v2"], ["CAPACITY = 0"])["findings"]] == ["out-of-range"]
    literal = checking.check(["v2", "spherical"], ["PHASE_1_DURATION = 5"])
    assert literal["findings"] == [], "the literal in spherical.gin does not hide it here"


@pytest.mark.parametrize(
    "item", [i for i in indexing.index()["items"] if i["kind"] != "augmentation"], ids=lambda i: i["name"]
)
def test_every_stock_file_is_indexed_and_sound(item: dict[str, object]) -> None:
    name = str(item["name"])
    stack = [name] if item["base"] else ["v2", name]
    assert item["error"] == ""
    assert stacks.faults(stack) == []
    result = checking.check(stack)
    assert result["valid"], result["findings"]
    assert result["findings"] == []
    if item["needs"] == "v2" and name not in ("noise", "spectral_discriminator", "adain", "snake"):
        assert not checking.check(["v1", name])["valid"], "it says that it needs v2"


def test_the_index_lists_the_users_own_files_beside_the_stock_ones(tmp_path: Path) -> None:
    (tmp_path / "wide.gin").write_text(
        '# A wide one\n# for drums\ninclude "configs/v2.gin"\nCAPACITY = 128\n'
    )
    (tmp_path / "broken.gin").write_text("x = = 3")
    items = indexing.index({"own": str(tmp_path), "project": str(tmp_path / "none")})["items"]
    assert sum(item["origin"] == "rave" for item in items) == len(list(stock.config_folder().rglob("*.gin")))
    wide = next(item for item in items if item["name"] == "wide")
    assert (wide["origin"], wide["kind"], wide["base"]) == ("own", "architecture", True)
    assert wide["summary"] == "A wide one for drums"
    assert wide["macros"] == {"CAPACITY": 128}
    assert next(item for item in items if item["name"] == "broken")["error"]
    literal = {item["name"]: item["phase_1_literal"] for item in items if item["phase_1_literal"]}
    assert literal == {
        "spherical": 200000, "v2_nopqmf": 1000000, "v2_nopqmf_small": 500000, "v2_with_augs": 1000000,
    }  # fmt: skip


@pytest.mark.parametrize("base", sorted(stacks.SHORTEST_EXAMPLE))
def test_the_shortest_example_of_each_base_is_what_the_form_assumes(base: str) -> None:
    assert estimate.shortest_example([base]) == stacks.SHORTEST_EXAMPLE[base]


def test_a_name_that_needs_its_module_is_given_with_it(tmp_path: Path) -> None:
    path = tmp_path / "own.gin"
    path.write_text("from __gin__ import dynamic_registration\nimport rave\nRAVE.sampling_rate = 3\n")
    found = checking.check(["v2", str(path)])["findings"]
    assert [(f["code"], f["hint"]) for f in found] == [("unknown-name", "Did you mean rave.RAVE?")]
