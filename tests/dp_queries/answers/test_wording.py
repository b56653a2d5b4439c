"""What is told of clipping: how much it left out where a released histogram knows, and a note where that is much."""

from dataclasses import replace

import pytest

from dp_queries.answers.wording import clipping_of, left_out_notes
from privacy.intervals import half_width
from tests.dp_queries.flights import planned

PART = planned("SELECT carrier, SUM(delay) AS s FROM flights GROUP BY carrier").aggregations[0]
MEASURE = replace(PART.measures[0], choice=None)
COVERED = half_width(MEASURE.mechanism, MEASURE.noise_scale, 0.95) * 3**0.5


def with_left_out(steps):
    return replace(PART, measures=(replace(MEASURE, loss_steps=steps),))


def test_what_is_left_out_is_told_in_the_unit_of_the_column():
    steps = 1000.0 * MEASURE.norm.grid  # of half a minute each
    part = with_left_out(steps)
    assert clipping_of(part, part.measures[0], is_chosen=True).left_out == 500
    assert clipping_of(PART, MEASURE, is_chosen=False).left_out is None


@pytest.mark.parametrize(("times", "is_noted"), [(None, False), (0.0, False), (0.9, False), (1.1, True)])
def test_a_note_tells_what_is_more_than_the_intervals_of_all_groups_cover(times, is_noted):
    notes = list(left_out_notes(with_left_out(times and times * COVERED)))
    assert len(notes) == is_noted
    assert all("sum of flights.delay" in note for note in notes)
