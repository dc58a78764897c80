"""The benchmarks run and name what they measure; no figure is asserted."""

from evals.bench.speed import asking, building, encoding, sample_texts
from ui.library_access import seeds_folder


def test_building_counts_what_it_built():
    figures = building([str(seeds_folder())])
    assert (figures["articles"], figures["unchanged_encoded"]) == (3, 0)
    assert figures["passages"] > 3 and figures["peak_mib"] > 0


def test_asking_and_encoding_measure_every_stage(assistant):
    assert asking(assistant, ["what did Lankford say?"] * 2)["questions"] == 2
    texts = sample_texts(assistant.library, 6)
    assert encoding(texts, rounds=1)["cosine_min"] > 0.9999
