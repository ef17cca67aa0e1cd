from pathlib import Path

import pytest

from gradloop.cli.places import check_checkpoint, check_output, check_places
from gradloop.errors import ModelFileError, OptionError


def test_what_is_an_input_is_not_written_over(tmp_path):
    (tmp_path / "houses.csv").write_text("x\n1\n")
    (tmp_path / "link").symlink_to(tmp_path / "houses.csv")
    check_output(tmp_path / "model", str(tmp_path / "houses.csv"))
    for place in ("houses.csv", "link"):
        with pytest.raises(OptionError, match="is also an input, which would be lost"):
            check_output(tmp_path / place, str(tmp_path / "houses.csv"))


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be written"):
        check_places(tmp_path / "no" / "model", None)


@pytest.mark.parametrize("other", ["model", "model.previous"])
def test_a_checkpoint_takes_two_names(tmp_path, other):
    check_checkpoint(tmp_path / "model", tmp_path / "another", None)
    with pytest.raises(OptionError, match="is also an input or the output"):
        check_places(tmp_path / other, Path(tmp_path / "model"))
