"""Run records, reference runs, expected ranges and paired comparisons."""

from course_utils.evidence.comparison import Comparison, compare
from course_utils.evidence.reference import (
    ALL_SIX,
    ARTICLE_FIGURES,
    COLUMNS,
    COST_COLUMNS,
    FAILED,
    FALLING_RATE,
    MISTAKES_OF,
    WITHOUT_STOP,
    ExpectedRange,
    around_training,
    article_figure,
    article_words,
    compare_reference,
    epochs_words,
    expected_range,
    kept_mistakes,
    lesson_cost,
    lesson_costs,
    measured_on,
    record_name,
    reference,
    reference_mistakes,
    reference_runs,
    write_record,
)
