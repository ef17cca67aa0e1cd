"""What a running fit reports."""

import numpy as np
import pytest

from gradloop.history import Row
from gradloop.progress import Progress


class Doubled:
    """A view whose answers can be told apart, and counted."""

    asked = 0

    def params(self, flat):
        return {"w": 2 * flat}

    def holdout(self, flat):
        self.asked += 1
        return float(flat.sum())


def test_it_is_made_of_a_row_of_the_record():
    told = Progress.after(Row(2, 0.5, 0.1, 0.03, 1000, 0.25), 6, np.ones(2), all_run=True)
    assert (told.epoch, told.epochs, told.loss, told.rows_per_second, told.seconds) == (2, 6, 0.5, 4000.0, 0.25)
    assert (told.learning_rate, told.gradient_norm, told.seconds_left) == (0.03, 0.1, 0.5)


def test_the_time_left_is_unknown_where_the_epochs_are():
    assert Progress.after(Row(2, 0.5, 0.1, 0.03, 1000, 0.25), 6, None).seconds_left is None


def test_parameters_are_copies_that_cannot_be_changed_and_are_computed_when_asked_for():
    view, flat = Doubled(), np.ones(2)
    told = Progress(1, 1, 0.5, 1.0, 1.0, flat=flat, view=view)
    assert view.asked == 0 and told.holdout == told.holdout == 2.0 and view.asked == 1
    with pytest.raises(ValueError, match="read-only"):
        told.params["w"][0] = 0.0


def test_without_a_view_nothing_is_known_of_parameters():
    told = Progress(1, 1, 0.5, 1.0, 1.0)
    assert told.params == {} and told.holdout is None and told.fit() is None
