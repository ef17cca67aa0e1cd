import pytest

from gradloop.records import RefusedError, agree, take, texts


def test_what_is_of_the_right_kind_is_taken():
    record = {"rows": 3, "names": ["a", "b"]}
    assert take(record, "rows", int) == 3 and texts(record, "names") == ("a", "b")
    agree(True)


@pytest.mark.parametrize("value", [True, 3.0, "3", None])
def test_a_boolean_or_a_fraction_is_no_whole_number(value):
    with pytest.raises(RefusedError, match="does not say what a model file must say"):
        take({"rows": value}, "rows", int)


@pytest.mark.parametrize("record", [{}, {"names": "ab"}, {"names": ["a", 1]}])
def test_what_is_no_list_of_texts_is_refused(record):
    with pytest.raises(RefusedError):
        texts(record, "names")
