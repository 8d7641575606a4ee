"""Everything about evidence that a notebook asks for: what runs reached, and what that shows."""

from course_utils.evidence.comparison import (
    Comparison,
    as_family,
    compare,
    in_pairs,
    seeds_needed,
)
from course_utils.evidence.curves import Curve, Replayed, curves, replay
from course_utils.evidence.ladder import end_accuracies, epochs_needed
from course_utils.evidence.records import FAILED, Record, records_folder
from course_utils.evidence.runs import (
    COLUMNS,
    COST_COLUMNS,
    ExpectedRange,
    all_runs,
    around_training,
    article_log,
    by_hand,
    cost_words,
    expected_range,
    lesson_cost,
    lesson_costs,
    measured_on,
    metric_words,
    reference_runs,
    runs_of_no_table,
)
from course_utils.evidence.telling import (
    arm_words,
    tell,
    tell_all,
    tell_briefly,
    tell_runs,
    with_images,
)
from course_utils.evidence.worth import Worth, worth_in_images
from course_utils.networks import (
    ALL_SIX,
    FALLING_RATE,
    article_figure,
    article_words,
)
