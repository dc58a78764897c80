"""The benchmarks run and name what they measure; no figure is asserted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from evals.bench import load_test, versions
from evals.bench.processor import INSTRUCTION_SETS, cores, described
from evals.bench.speed import asking, building, encoding, sample_texts
from index.errors import UserError
from ui.cli import cli
from ui.library_access import seeds_folder


def test_building_counts_what_it_built():
    figures = building([str(seeds_folder())])
    assert (figures["articles"], figures["unchanged_encoded"]) == (3, 0)
    assert figures["passages"] > 3 and figures["peak_mib"] > 0


def test_asking_and_encoding_measure_every_stage(assistant):
    assert asking(assistant, ["what did Lankford say?"] * 2)["questions"] == 2
    texts = sample_texts(assistant.library, 6)
    assert encoding(texts, rounds=1)["cosine_min"] > 0.9999


def test_asking_names_the_processor_it_was_measured_on(seeds_library):
    done = CliRunner().invoke(cli, ["bench", "ask", "--library", str(seeds_library), "--most", "1"])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert figures["processor"] and figures["cores"] == cores() and figures["questions"] == 1
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    sets = figures["instruction_sets"] or []
    for name in ("avx2", "avx512_vnni", "amx_int8", "asimddp"):
        assert (f" {name} " in flags.replace("\n", " ")) == (INSTRUCTION_SETS[name] in sets)


@pytest.mark.parametrize(
    ("cpuinfo", "name", "sets"),
    [
        (
            "model\t\t: 143\nmodel name\t: Xeon\nvmx flags\t: ept amx_int8\nflags\t\t: fpu avx avx2 avx512_vnni\n",
            "Xeon",
            ["AVX", "AVX2", "AVX-512 VNNI"],
        ),
        ("processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16\n", "", ["NEON", "dot product", "I8MM", "BF16"]),
        ("flags\t\t: fpu vme\n", "", []),
        ("", "", None),
    ],
)
def test_instruction_sets_are_read_out_of_cpuinfo(cpuinfo, name, sets):
    assert described(cpuinfo) == (name, sets)


def test_two_people_ask_a_real_chat_at_once(seeds_library: Path):
    done = CliRunner().invoke(load_test.main, ["--library", str(seeds_library), "--people", "2", "--rounds", "1"])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert [figures[name]["asked"] for name in list(figures)[:2]] == [5, 2]
    for name in list(figures)[:2]:
        assert figures[name]["failed"] == 0
        assert 0 < figures[name]["first words, median"] <= figures[name]["whole answer, slowest"]
    assert all(figures[f"memory of the server {when}, MB"] > 0 for when in ("before", "after"))


def test_a_chat_that_does_not_start_is_an_error_with_its_reason(seeds_library: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLIPPINGS_LIMIT", "many")
    with pytest.raises(UserError, match=r"The chat did not start: .*'many'"), load_test.serving(str(seeds_library)):
        pass


def test_questions_that_fail_are_counted_and_in_no_median():
    answered = load_test.Timing(1.0, 2.0)
    figures = load_test.summary([answered, load_test.Timing(0, 0, "503 busy")])
    assert (figures["asked"], figures["failed"]) == (2, 1)
    assert (figures["first words, median"], figures["whole answer, slowest"]) == (1.0, 2.0)
    assert load_test.summary([load_test.Timing(0, 0, "503 busy")])["whole answer, median"] is None


@pytest.mark.integration
def test_a_checkout_beside_itself_is_measured_in_everything():
    root = Path(__file__).parents[2]
    done = CliRunner().invoke(versions.main, [str(root), str(root), "--rounds", "1"])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert set(figures) == {"build with --rebuild", "whole `clippings ask`", "first words", "page open"}
    for one in figures.values():
        assert one["times each"] in (1, versions.QUESTIONS_EACH) and one["before, fastest"] > 0


def test_a_checkout_that_is_none_or_no_browser_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"'clippings ask .*' failed in"):
        versions.Version(tmp_path, str(tmp_path / "library")).run("ask", "--library", str(tmp_path / "none"), "x")
    with pytest.raises(UserError, match="--chromium PATH"), versions.opened_browser(str(tmp_path / "none")):
        pass
