"""Settings: strength of the three places, unknown keys, wrong kinds."""

import pytest

from index.engines.encoder import DEFAULT
from index.errors import UserError
from rag.settings import Settings, load


def test_flags_beat_the_environment_which_beats_the_file(tmp_path):
    (tmp_path / "clippings.toml").write_text('library = "file"\nlimit = 5\nhits = 7\n')
    environment = {"CLIPPINGS_LIBRARY": "environment", "CLIPPINGS_LIMIT": "4", "HOME": "/x"}
    settings, origins = load({"library": "flag", "limit": None}, folder=tmp_path, environment=environment)
    assert (settings.library, settings.limit, settings.hits) == ("flag", 4, 7)
    assert origins["library"] == "--library"
    assert origins["limit"] == "CLIPPINGS_LIMIT"
    assert origins["hits"] == "clippings.toml"
    assert origins["encoder"] == "default"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('libary = "x"', "Did you mean 'library'"),
        ("limit = 'many'", "clippings.toml gives 'many' for 'limit', which must be a whole number."),
        ("limit = true", "True"),
        ("limit = 2.5", "a whole number"),
        ("limit = [1]", "a whole number"),
        ("model_timeout = false", "a number"),
        ("limit = 0", "at least 1"),
        ('as_of = "tomorrow"', "'tomorrow'"),
        ("as_of = 3", "a day, as 2023-12-07"),
        ("library = 3", "clippings.toml gives 3 for 'library', which must be text."),
        ("model_cache = 'maybe'", "yes or no"),
        ("library = ", "clippings.toml"),
    ],
)
def test_a_bad_file_names_the_value(tmp_path, text, told):
    (tmp_path / "clippings.toml").write_text(text)
    with pytest.raises(UserError, match="clippings config") as caught:
        load({}, folder=tmp_path, environment={})
        pytest.fail("accepted")
    assert told in str(caught.value)


@pytest.mark.parametrize("written", ["2023-12-07", '"2023-12-07"'])
def test_a_day_is_written_with_or_without_quotes(tmp_path, written):
    (tmp_path / "clippings.toml").write_text(f"as_of = {written}")
    assert load({}, folder=tmp_path, environment={})[0].as_of == "2023-12-07"


def test_a_bad_value_that_a_stronger_place_replaces_is_no_error(tmp_path):
    (tmp_path / "clippings.toml").write_text("limit = 0")
    settings, origins = load({"limit": 4}, folder=tmp_path, environment={"CLIPPINGS_AUTH": "user:secret"})
    assert (settings.limit, origins["limit"]) == (4, "--limit")


def test_an_unknown_name_in_the_environment_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"'libary' in CLIPPINGS_LIBARY.*Did you mean 'library'"):
        load({}, folder=tmp_path, environment={"CLIPPINGS_LIBARY": "x"})


def test_the_fingerprint_of_the_defaults_is_what_it_was():
    assert Settings().fingerprint == "9dbcab791b65"


def test_the_fingerprint_ignores_where_the_library_lies_and_nothing_else():
    assert Settings(library="a").fingerprint == Settings(library="b").fingerprint
    assert Settings(limit=2).fingerprint != Settings(limit=3).fingerprint
    assert Settings(reranker="x").fingerprint != Settings().fingerprint


def test_the_default_encoder_is_the_packaged_one():
    assert Settings().encoder == DEFAULT
