"""A batch's own verdicts: each variant of a network against the one without techniques, in pairs.

A pair are two runs of one seed on the same images, with the same backend and precision. What else
was given to the runs (`--param`), mode and data are the same on both sides too.
"""

from dataclasses import dataclass

from course_tools.batch import summary
from course_utils import evidence

METRICS = ("test_accuracy", "val_accuracy")


@dataclass(frozen=True)
class Pairing:
    """One comparison of a batch: what was compared with what, where, and what came of it.

    `baseline` and `candidate` are sets of techniques as records spell them, "" for none; `extra`
    holds the further parameters, "" without any; `metric` is one of `METRICS`; `comparison` is an
    `evidence.Comparison`.
    """

    notebook: str
    model: str
    extra: str
    mode: str
    data: str
    backend: str
    precision: str
    metric: str
    baseline: str
    candidate: str
    comparison: evidence.Comparison


def pairings(header, records) -> list[Pairing]:
    """Every comparison that the records of a batch allow, in the order of the batch.

    The baseline is the variant without techniques or, in a batch that has none, its first. A
    comparison needs two seeds that both sides share, on one backend with one precision; it is of
    test accuracies where both sides measured these, and of validation accuracies otherwise.
    """
    groups = {}
    for record in (each for each in records if each.went_well):
        run = header.runs[record.further["run"]]
        extra = summary.further_parameters(run.parameters)
        group = (run.notebook, record.model, extra, record.mode, record.data)
        setting = (record.backend, record.precision)
        variants = groups.setdefault(group, {})
        seeds = variants.setdefault(record.techniques, {}).setdefault(setting, {})
        # Techniques named in another order are the same ones, and count once.
        seeds.setdefault(record.seed, record)
    found = []
    for group, variants in groups.items():
        baseline = "" if "" in variants else next(iter(variants))
        for candidate in (names for names in variants if names != baseline):
            for setting in variants[baseline]:
                sides = [variants[names].get(setting, {}) for names in (baseline, candidate)]
                metric, comparison = _compared(*sides)
                if comparison is not None:
                    found.append(Pairing(*group, *setting, metric, baseline, candidate, comparison))
    return found


def _compared(baseline, candidate):
    """The metric that two sets of records share, and its comparison; None where pairs are lacking."""
    shared = [
        seed
        for seed in baseline
        if seed in candidate and baseline[seed].data_sha256 == candidate[seed].data_sha256
    ]
    for metric in METRICS:
        seeds = [
            seed
            for seed in shared
            if None not in (getattr(baseline[seed], metric), getattr(candidate[seed], metric))
        ]
        if len(seeds) > 1:
            sides = (
                {seed: getattr(side[seed], metric) for seed in seeds}
                for side in (baseline, candidate)
            )
            return metric, evidence.compare(*sides)
    return METRICS[0], None
