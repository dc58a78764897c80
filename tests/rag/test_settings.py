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
        ("limit = 'many'", "'many'"),
        ("limit = true", "True"),
        ("limit = 0", "at least 1"),
        ('as_of = "tomorrow"', "'tomorrow'"),
        ("library = 3", "3"),
        ("library = ", "clippings.toml"),
    ],
)
def test_a_bad_file_names_the_value(tmp_path, text, told):
    (tmp_path / "clippings.toml").write_text(text)
    with pytest.raises(UserError, match="clippings config") as caught:
        load({}, folder=tmp_path, environment={})
        pytest.fail("accepted")
    assert told in str(caught.value)


def test_the_fingerprint_ignores_where_the_library_lies_and_nothing_else():
    assert Settings(library="a").fingerprint == Settings(library="b").fingerprint
    assert Settings(limit=2).fingerprint != Settings(limit=3).fingerprint


def test_the_default_encoder_is_the_packaged_one():
    assert Settings().encoder == DEFAULT
