"""Composing configurations: what the parser gives, what is refused, and what upstream reads of what we write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rave_engine import compat, configs
from rave_engine.configs import stock
from rave_engine.errors import EngineError

STACKS = [
    ["v1"], ["v2"], ["v2_small"], ["v3"], ["discrete"], ["discrete_v3"], ["onnx"], ["raspberry"], ["hybrid"],
    ["v2_nopqmf"], ["v2_nopqmf_small"], ["v2_with_augs"], ["v2", "wasserstein"], ["v2", "spherical"],
    ["v2", "causal", "noise"], ["v2", "adain", "snake"], ["v2", "normalize_ambient"], ["v2", "spectral_discriminator"],
]  # fmt: skip


@pytest.mark.parametrize("stack", STACKS, ids="+".join)
def test_what_is_written_reads_back_the_same(stack: list[str], tmp_path: Path) -> None:
    """Self-contained: gin's own ``parse_config_file`` from an empty state gives every binding again."""
    import gin

    composition = configs.compose(stack, ["CAPACITY = 4"], channels=2)
    composition.write(tmp_path / "config.gin")
    gin.clear_config()
    gin.config._CONFIG_IS_LOCKED = False
    gin.parse_config_file(str(tmp_path / "config.gin"))
    assert gin.config_str() == composition.text
    assert gin.query_parameter("RAVE.n_channels") == 2
    assert "include" not in composition.text
    again = configs.compose_run(tmp_path)
    assert (again.text, again.channels) == (composition.text, 2)


def test_every_stock_name_is_listed_once() -> None:
    items = configs.list_configs()["items"]
    names = [item["name"] for item in items]
    assert len(names) == len(set(names)) == 24
    assert {item["name"] for item in items if item["kind"] == "augmentation"} == {"mute", "compress", "gain"}
    v2 = next(item for item in items if item["name"] == "v2")
    assert (v2["kind"], v2["macros"]["CAPACITY"], v2["macros"]["RATIOS"]) == ("base", 96, [4, 4, 4, 2])


def test_what_may_be_written_is_known_with_its_parameters() -> None:
    from rave_engine.configs.completion import words

    found = words()
    assert "adain" in found["configurables"]["blocks.EncoderV2"]
    assert "latent_size" in found["configurables"]["model.RAVE"]
    assert {"CAPACITY", "PHASE_1_DURATION"} <= set(found["macros"])


@pytest.mark.parametrize(
    "stack", [["v1"], ["v2", "spherical"], ["v2_nopqmf"], ["v2_nopqmf_small"], ["v2_with_augs"]]
)
def test_phase_1_duration_reaches_every_configuration(stack: list[str]) -> None:
    composition = configs.compose(stack, ["PHASE_1_DURATION = 7"], channels=1)
    assert composition.facts()["phase_1_duration"] == 7
    assert composition.warnings == ()
    untouched = configs.compose(stack, [], channels=1)
    assert untouched.facts()["phase_1_duration"] >= 200000


def test_an_override_without_effect_is_told() -> None:
    composition = configs.compose(["v1"], ["NUM_QUANTIZERS = 3"], channels=1)
    assert len(composition.warnings) == 1
    assert "NUM_QUANTIZERS" in composition.warnings[0]


def test_augmentations_are_added_to_the_stacks_own() -> None:
    import gin

    configs.compose(["v2_with_augs"], [], ["mute", "gain"], channels=1)
    listed = [repr(r) for r in gin.query_parameter("get_dataset.augmentations")]
    assert [name.rsplit(".", 1)[-1] for name in listed] == [
        "RandomCompress()",
        "RandomMute()",
        "RandomGain()",
    ]


HARMFUL = {
    "import": "import os\nCAPACITY = 3\n",
    "import from": "from subprocess import call\n",
    "renamed import": "import os as rave\nrave.system.command = 'x'\n",
    "include": "include '/etc/hostname'\n",
    "include above": "include 'configs/../../../../x.gin'\n",
    "call": "from __gin__ import dynamic_registration\nimport torch\nCAPACITY = @torch.hub.load()\n",
    "macro that calls": "from __gin__ import dynamic_registration\nimport torch\nRATIOS = [@torch.load(), 2]\n",
    "foreign parameter": "from __gin__ import dynamic_registration\nimport torch\ntorch.load.f = '/x'\n",
    "hidden member": "from __gin__ import dynamic_registration\nimport rave\nRATIOS = @rave.__loader__.RAVE()\n",
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_untrusted_gin_is_refused_before_anything_of_it_runs(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "other.gin"
    path.write_text(HARMFUL[kind])
    with pytest.raises(EngineError) as caught:
        configs.compose(["v1", str(path)], channels=1)
    assert caught.value.code == "untrusted-config"
    assert str(path) in caught.value.message
    run = tmp_path / "run"
    run.mkdir()
    path.rename(run / "config.gin")
    with pytest.raises(EngineError) as again:
        configs.compose_run(run)
    assert again.value.code == "untrusted-config"


@pytest.mark.parametrize(
    "text", ["CAPACITY = 2\nimport os", "import os", "CAPACITY = @os.system()", "include 'x'"]
)
def test_an_override_is_one_harmless_setting(text: str) -> None:
    with pytest.raises(EngineError) as caught:
        configs.compose(["v1"], [text], channels=1)
    assert caught.value.code in ("unknown-override", "untrusted-config")


def test_trusting_a_file_lets_it_run(tmp_path: Path) -> None:
    import gin

    path = tmp_path / "mine.gin"
    path.write_text("import math\nCAPACITY = 3\n")
    configs.compose(["v1", str(path)], channels=1, trusted=[str(path)])
    assert gin.query_parameter("CAPACITY/macro.value") == 3


def test_a_file_in_the_stock_vocabulary_needs_no_trust(tmp_path: Path) -> None:
    path = tmp_path / "small.gin"
    path.write_text('from __gin__ import dynamic_registration\nfrom rave import blocks\ninclude "configs/v1.gin"\n'
                    "CAPACITY = 5\nblocks.Generator.use_noise = False\n")  # fmt: skip
    composition = configs.compose([str(path)], channels=1)
    assert "CAPACITY = 5" in composition.text
    assert "use_noise = False" in composition.text


def test_a_file_of_the_working_directory_does_not_stand_for_a_stock_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "v1.gin").write_text("CAPACITY = 999\n")
    monkeypatch.chdir(tmp_path)
    assert "CAPACITY = 999" not in configs.compose(["onnx"], channels=1).text


@pytest.mark.parametrize(
    ("stack", "code"),
    [
        ([], "config-missing"),
        (["nothing"], "config-missing"),
        (["../v1"], "config-missing"),
        (["/no/such.gin"], "config-missing"),
    ],
)
def test_missing_configurations_are_named(stack: list[str], code: str) -> None:
    with pytest.raises(EngineError) as caught:
        configs.compose(stack, channels=1)
    assert caught.value.code == code


def test_a_line_that_is_no_gin_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.gin"
    path.write_text("CAPACITY = = 3\n")
    with pytest.raises(EngineError) as caught:
        configs.compose([str(path)], channels=1)
    assert caught.value.code == "gin-syntax"
    assert str(path) in caught.value.message


def test_stock_files_pass_their_own_check() -> None:
    compat.install()
    from rave_engine.configs import trust

    for path in sorted(stock.config_folder().rglob("*.gin")):
        trust.check_file(path, [])


def test_two_models_of_one_process_do_not_share_loss_weights() -> None:
    configs.compose(["v2", "wasserstein"], ["CAPACITY = 2"], channels=1)
    first = configs.build_model()
    configs.compose(["v1"], ["CAPACITY = 2"], channels=1)
    second = configs.build_model()
    assert first.weights["adversarial"] == 2
    assert second.weights["adversarial"] == 1.0


def test_what_is_written_of_v2_nopqmf_small_names_only_what_upstreams_classes_take() -> None:
    """Upstream's file gives ``Compress`` parameters it does not have; what we write must be read by upstream."""
    import ast

    from rave import transforms

    text = configs.compose(["v2_nopqmf_small"], ["CAPACITY = 4"], channels=1).text
    assert "RandomCompress.amp_range" in text
    source = ast.parse(Path(transforms.__file__).read_text())
    takes = {
        node.name: {argument.arg for argument in method.args.args}
        for node in source.body
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name == "__init__"
    }
    bound = [(name, key) for name, key in re.findall(r"transforms\.(\w+)\.(\w+) =", text)]
    assert bound
    assert [(name, key) for name, key in bound if key not in takes[name]] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.", "model-too-large"),
        ("CUDA out of memory. Tried to allocate 2.00 GiB.", "model-too-large"),
        ("mat1 and mat2 shapes cannot be multiplied", "config-invalid"),
    ],
)  # fmt: skip
def test_a_model_that_is_too_large_is_not_called_a_wrong_combination(
    words: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compat.install()
    import rave

    def refuse() -> None:
        raise RuntimeError(words)

    monkeypatch.setattr(rave, "RAVE", refuse)
    with pytest.raises(EngineError) as caught:
        configs.build_model()
    assert caught.value.code == code
    assert ("v2" in caught.value.hint) == (code == "config-invalid")
