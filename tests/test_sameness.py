import numpy as np
import pytest

from gradloop import sameness
from gradloop.errors import DataError, OptionError
from gradloop.sameness import check_data, check_settings, content_of, digest


def test_every_single_bit_counts():
    values = np.random.default_rng(0).normal(size=(7, 3))
    found = {content_of(values)[2]}
    plain = values.view(np.uint8).reshape(-1)
    for bit in range(8 * plain.size):
        plain[bit // 8] ^= 1 << bit % 8
        found.add(content_of(values)[2])
        plain[bit // 8] ^= 1 << bit % 8
    assert len(found) == 1 + 8 * plain.size


def test_the_order_of_rows_counts_within_a_block_and_across(monkeypatch):
    values = np.arange(100.0)
    usual = content_of(values)[2]
    swapped = values.copy()
    swapped[[3, 90]] = swapped[[90, 3]]
    assert content_of(swapped)[2] != usual
    monkeypatch.setattr(sameness, "BLOCK", 80)
    assert content_of(swapped)[2] != content_of(values)[2] != usual
    assert content_of(values[::-1])[2] != content_of(values)[2]


def test_how_values_lie_in_memory_does_not_count():
    values = np.arange(12.0).reshape(4, 3)
    assert content_of(np.asfortranarray(values)) == content_of(values) == content_of(np.repeat(values, 2, 0)[::2])
    assert content_of(values)[:2] == [4, "3 × float64"]
    assert content_of(np.zeros(5, np.float32))[:2] == [5, "float32"] and content_of(np.zeros((0, 2)))[0] == 0


def test_a_digest_tells_its_parts_apart():
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")
    assert digest("a") == digest(b"a") and digest("a").startswith("#")


def test_what_changed_is_named():
    before = {"features": [3, "2 × float64", "#1"], "weights": [3, "float64", "#2"]}
    check_data(before, before, "run")
    now = {"features": [3, "2 × float64", "#3"], "targets": [3, "float64", "#2"]}
    said = "'run': the features have changed; there are no weights any more; there were no targets, and now there are"
    with pytest.raises(DataError, match=said):
        check_data(before, now, "run")


def test_settings_are_shown_unless_they_are_digests():
    before = {"seed": "1", "rule": "#1", "epochs": "3"}
    check_settings(before, dict(before), "run")
    with pytest.raises(OptionError, match="'run': seed was 1 and is 2; the rule is another; the epochs is another"):
        check_settings(before, {"seed": "2", "rule": "#2"}, "run")
