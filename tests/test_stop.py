import pytest

from gradloop.stop import Stop


@pytest.mark.parametrize("stop", Stop)
def test_each_value_is_a_sentence(stop):
    assert str(stop) == stop.value
    assert stop.value[0].isupper() and stop.value.endswith(".") and " " in stop.value


def test_sentences_differ():
    assert len({stop.value for stop in Stop}) == len(Stop)


def test_only_the_certified_stop_speaks_of_a_certificate():
    assert [stop for stop in Stop if "ertificate" in stop.value] == [Stop.CONVERGED]
