from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pipeline.config import ShapeBase, TrainConfig
from pipeline.io.packed import PackedRows
from pipeline.train import job
from pipeline.train.attention import register_backend
from pipeline.train.batch import collate
from pipeline.train.device import Device
from pipeline.train.error import TrainError
from pipeline.train.job import train_job
from pipeline.train.loss import mean_loss
from tests.pipeline.train import corpus

SETTINGS = {"batch_tokens": 400, "learning_rate": 5e-3, "max_steps": 20, "base": "x"}


def train(
    packed_dir, base, out, *, checkpoints=None, key="k", on_step=lambda report: None, every=1e9, seed=0, **changes
):
    """A short training into `out`; the result's figures."""
    return train_job(
        TrainConfig(**({"method": "lora"} | SETTINGS | changes)),
        packed_dir=str(packed_dir),
        base=base if isinstance(base, ShapeBase) else str(base),
        out_dir=str(out),
        checkpoint_dir=str(checkpoints or out.parent / "checkpoints"),
        seed=seed,
        key=key,
        on_step=on_step,
        tokenizer_dir=None,
        checkpoint_seconds=every,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def story(result):
    """The curve without its clock."""
    return [point[:3] for point in result["curve"]], result["validation_curve"]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("method", "least"), [("full", 2.0), ("lora", 1.0), ("qlora", 1.0)])
def test_a_repetitive_corpus_is_learned(tmp_path, packed_dir, base_dir, method, least, precision, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = train(packed_dir, base_dir, tmp_path / "out", method=method, precision=precision)
    assert result["end_validation_loss"] < result["start_validation_loss"] - least
    assert (result["steps"], result["device"], result["precision"]) == (20, "cpu", precision)
    assert len(result["curve"]) == 20
    assert 0 < result["trained_tokens"] < result["tokens"] <= 20 * 400
    assert result["trainable_parameters"] <= result["total_parameters"]


def validation_loss_of(model, packed_dir):
    model.set_attn_implementation(register_backend())
    rows = PackedRows(packed_dir / "validation")
    batch = collate([rows.row(r) for r in range(len(rows))], num_embeddings=96, device="cpu")
    return mean_loss(model, [batch], Device("cpu", False))


def test_peft_puts_the_adapter_onto_the_base_and_finds_the_same_loss(tmp_path, packed_dir, base_dir):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    result = train(packed_dir, base_dir, tmp_path / "adapter")
    base = AutoModelForCausalLM.from_pretrained(base_dir)
    PeftModel.from_pretrained(base, tmp_path / "adapter")
    assert validation_loss_of(base, packed_dir) == pytest.approx(result["end_validation_loss"], abs=1e-6)


def test_transformers_opens_the_model_and_finds_the_same_loss(tmp_path, packed_dir):
    from transformers import AutoModelForCausalLM

    shape = ShapeBase(shape="llama-1m")
    result = train(packed_dir, shape, tmp_path / "model", method="full", max_steps=3)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert model.config._attn_implementation == "sdpa"
    assert validation_loss_of(model, packed_dir) == pytest.approx(result["end_validation_loss"], abs=1e-6)
    following = train(packed_dir, tmp_path / "model", tmp_path / "adapter", key="next", max_steps=3)
    assert following["start_validation_loss"] == pytest.approx(result["end_validation_loss"], abs=1e-6)


class Killed(BaseException):
    """What Ctrl-C is to the trainer."""


@pytest.mark.parametrize(
    ("method", "optimizer"), [("full", "adamw"), ("full", "sgd"), ("lora", "adamw"), ("qlora", "adamw")]
)
def test_a_killed_training_resumes_to_the_same_bytes(tmp_path, packed_dir, base_dir, method, optimizer):
    def kill(report):
        if report.step == 6:
            raise Killed

    settings = {"method": method, "optimizer": optimizer, "max_steps": 10}
    whole = train(packed_dir, base_dir, tmp_path / "whole" / "out", **settings)
    with pytest.raises(Killed):
        train(packed_dir, base_dir, tmp_path / "cut" / "out", every=0, on_step=kill, **settings)
    assert not (tmp_path / "cut" / "out").exists()
    (tmp_path / "cut" / "checkpoints" / "step-000000006.safetensors").unlink()
    reports = []
    resumed = train(packed_dir, base_dir, tmp_path / "cut" / "out", on_step=reports.append, **settings)
    assert [report.step for report in reports] == [6, 7, 8, 9, 10]
    assert story(resumed) == story(whole)
    assert contents(tmp_path / "cut" / "out") == contents(tmp_path / "whole" / "out")


def test_a_finished_training_is_not_trained_again(tmp_path, packed_dir, base_dir):
    first = train(packed_dir, base_dir, tmp_path / "out", max_steps=3)
    before = contents(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    reports = []
    assert story(train(packed_dir, base_dir, tmp_path / "out", max_steps=3, on_step=reports.append)) == story(first)
    assert reports == []
    assert contents(tmp_path / "out") == before


def test_a_checkpoint_of_another_training_is_not_used(tmp_path, packed_dir, base_dir):
    train(packed_dir, base_dir, tmp_path / "out", max_steps=3)
    reports = []
    train(packed_dir, base_dir, tmp_path / "out", max_steps=3, key="another", on_step=reports.append)
    assert len(reports) == 3
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-000000003.safetensors"]


def test_the_seed_decides_and_the_callers_random_state_is_left_alone(tmp_path, packed_dir, base_dir):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    results = [
        train(packed_dir, base_dir, tmp_path / str(i) / "out", max_steps=2, seed=s) for i, s in enumerate([1, 1, 2])
    ]
    assert torch.equal(torch.rand(3), expected)
    assert story(results[0]) == story(results[1]) != story(results[2])


def test_without_a_validation_split_its_losses_are_none(tmp_path, base_dir):
    corpus.write(tmp_path / "packed", validation=False)
    result = train(tmp_path / "packed", base_dir, tmp_path / "out", max_steps=2)
    assert result["start_validation_loss"] is result["end_validation_loss"] is None
    assert (result["validation_rows"], result["validation_curve"]) == (0, [])


def test_without_a_length_it_is_one_epoch(tmp_path, packed_dir, base_dir):
    result = train(packed_dir, base_dir, tmp_path / "out", max_steps=None, batch_tokens=2000)
    assert result["tokens"] == PackedRows(packed_dir / "train").num_tokens


def test_the_tokenizer_comes_along(tmp_path, packed_dir, base_dir):
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "tokenizer.json").write_text("{}")
    train_job(
        TrainConfig(method="full", **(SETTINGS | {"max_steps": 1})),
        packed_dir=str(packed_dir),
        base=str(base_dir),
        out_dir=str(tmp_path / "model"),
        checkpoint_dir=str(tmp_path / "checkpoints"),
        seed=0,
        key="k",
        on_step=lambda report: None,
        tokenizer_dir=str(tmp_path / "tokenizer"),
    )
    assert (tmp_path / "model" / "tokenizer.json").read_text() == "{}"


def test_nothing_is_said_on_the_terminal(tmp_path, packed_dir, base_dir, capfd):
    train(packed_dir, base_dir, tmp_path / "out", method="qlora", max_steps=1)
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_is_no_packed_split(tmp_path, base_dir):
    with pytest.raises(TrainError, match="is no packed split"):
        train(tmp_path, base_dir, tmp_path / "out")


def test_a_base_too_small_for_the_vocabulary(tmp_path, base_dir):
    corpus.write(tmp_path / "packed", manifest=replace(corpus.MANIFEST, vocab_size=5000))
    with pytest.raises(TrainError, match="embeds 96 tokens, the packed rows use a vocabulary of 5000"):
        train(tmp_path / "packed", base_dir, tmp_path / "out")


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_running_out_of_memory_says_what_to_do(tmp_path, packed_dir, base_dir, error):
    def exhausted(report):
        raise error

    with pytest.raises(TrainError, match="do not fit into memory; pack with a smaller context_len"):
        train(packed_dir, base_dir, tmp_path / "out", on_step=exhausted)


def test_isolation_is_proved_before_the_first_step(tmp_path, packed_dir, base_dir, monkeypatch):
    """The proof is not just written: a broken backend stops the job."""
    import pipeline.train.attention as attention

    whole = attention._per_piece
    monkeypatch.setattr(
        attention, "_per_piece", lambda q, k, v, borders, *rest: whole(q, k, v, borders[[0, -1]], *rest)
    )
    reports = []
    with pytest.raises(TrainError, match="packed documents see each other"):
        train(packed_dir, base_dir, tmp_path / "out", on_step=reports.append)
    assert reports == []


def test_the_curve_is_thinned_but_keeps_its_end(tmp_path, packed_dir, base_dir, monkeypatch):
    monkeypatch.setattr(job, "CURVE_POINTS", 3)
    result = train(packed_dir, base_dir, tmp_path / "out", max_steps=8)
    assert [point[0] for point in result["curve"]] == [1, 4, 7, 8]


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["bf16", "fp32"])
@pytest.mark.parametrize(("method", "least"), [("full", 2.0), ("lora", 1.0), ("qlora", 1.0)])
def test_a_gpu_learns_too(tmp_path, packed_dir, base_dir, method, least, precision):
    result = train(packed_dir, base_dir, tmp_path / "out", method=method, precision=precision)
    assert result["end_validation_loss"] < result["start_validation_loss"] - least
    assert (result["device"], result["precision"]) == (torch.cuda.get_device_name(), precision)
    assert 0 < result["peak_memory_bytes"] < 1e9


@pytest.mark.gpu
def test_a_gpu_in_fp32_starts_and_ends_where_the_cpu_does(tmp_path, packed_dir, base_dir, monkeypatch):
    on_gpu = train(packed_dir, base_dir, tmp_path / "gpu" / "out", precision="fp32")
    monkeypatch.setattr(job, "choose_device", lambda precision: Device("cpu", False))
    on_cpu = train(packed_dir, base_dir, tmp_path / "cpu" / "out", precision="fp32")
    assert on_gpu["start_validation_loss"] == pytest.approx(on_cpu["start_validation_loss"], abs=1e-4)
    assert on_gpu["end_validation_loss"] == pytest.approx(on_cpu["end_validation_loss"], abs=2e-2)
