"""`Lesson`, the one object a notebook talks to: start, load data, epochs, seal, record."""

import contextlib
import dataclasses
import functools
import gc
import json
import os
import platform
import re
import tempfile
import time
import weakref
from importlib.metadata import version
from pathlib import Path

from course_utils import __version__, checks, data, evidence, files, machine, modes, networks
from course_utils.errors import CourseError, SealedTestSetError
from course_utils.evidence import protocol
from course_utils.evidence.records import Record, pack, records_folder, training_code
from course_utils.evidence.scoring import Score, score
from course_utils.home import refusing

# The lessons whose figure is set beside an article's or a record's: they alone open the test set. Lesson
# 18 opens one of its own, made of pictures that no other lesson tests on.
HEADLINES = ("02", "09", "11", "12", "13", "14", "15", "16", "18")
# Where the openings of all lessons are noted, beside the records.
OPENINGS = "test_openings.jsonl"
# Names a folder to keep each recorded network in, for what can be asked of it later.
KEEP_NETWORKS = "COURSE_KEEP_NETWORKS"


class Lesson:
    """A lesson in one mode with one seed.

    Sets the precision, the threads and the seed, and says on which machine and in which mode it
    runs and what that is expected to cost: the lesson's own cost, so a notebook of its solutions
    (`solution`) announces none. Raises ValueError for an unknown mode or a bad seed, SettingError
    where COURSE_MODE, COURSE_PRECISION or COURSE_THREADS holds what is not allowed, and CourseError
    where there is a GPU that the framework cannot use.
    """

    def __init__(self, name: str, mode: str = "auto", seed: int = 1, solution: bool = False):
        if not modes.is_mode(mode):
            allowed = ", ".join((modes.AUTO, *modes.MODES))
            raise ValueError(f"mode is {mode!r}; allowed are {allowed}")
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise ValueError(f"seed is {seed!r}; expected a whole number from 0")
        self.name = name
        self.seed = seed
        self.machine = machine.detect()
        mode = modes.from_environment() if mode == modes.AUTO else mode
        self.mode = self.machine.mode if mode == modes.AUTO else mode
        self.live = "COURSE_HEADLESS" not in os.environ
        self.dataset = None
        self.test_openings = []
        self._opened = time.monotonic()
        # Weak, since a kept callback keeps its model: a lesson that trains ten holds one.
        self._times = weakref.WeakKeyDictionary()
        machine.configure(self.machine, seed)
        # What the imports made stays; left out, a collection takes a tenth of the time.
        if not gc.get_freeze_count():
            gc.freeze()
        kind, cost = ("Solutions of lesson", "") if solution else ("Lesson", self._cost_sentence())
        print(f"{kind} {name}, {self.mode} mode, seed {seed}. {cost}".rstrip())
        print(f"Machine: {self.machine.describe()}.")
        # Said before anything has been trained for it.
        for place, name, what in _refused():
            print(
                f"{place} cannot be written, and {what} would go there. Another folder, in a cell: "
                f"%env {name}=FOLDER"
            )

    # Data and the seal

    def load(self, name: str, n_train: int | None = None):
        """Load "mnist" or "cifar10" for this mode and seed, and say where the images came from.

        Returns a `data.Dataset`: uint8 images x_train, x_val of shape (N, height, width,
        channels), int32 labels y_train, y_val of shape (N,). The test set stays sealed. `n_train`
        asks for another number of training images than the mode's own; full mode ignores it.
        """
        self.dataset = data.load(name, mode=self.mode, seed=self.seed, n_train=n_train)
        print(self.dataset.announcement)
        return self.dataset

    def load_folder(self, folder="", side: int = 32):
        """Load a folder of pictures, one sub-folder a class, and say what was found and left out.

        Returns `pictures.Pictures`, a `data.Dataset` whose test set stays sealed; see `pictures.read`,
        also for `side`, the pixels that a picture is scaled to, and for the DataError of a folder that will
        not do. Without a name the course makes a folder of its own, which is gone with the lesson.
        """
        from course_utils.data import pictures

        made_from, name = None, ""
        if not str(folder).strip():
            self._sample = tempfile.TemporaryDirectory(prefix="course-pictures-")
            folder, name = os.path.join(self._sample.name, "pictures"), pictures.SAMPLE
            made_from = pictures.sample(folder, self.mode, self.seed)
        self.dataset = pictures.read(folder, side, self.seed, self.mode, name, made_from)
        print(self.dataset.announcement)
        return self.dataset

    @property
    def out(self) -> Path:
        """Folder for what a lesson leaves behind: `out` beside the notebook, or in COURSE_OUT."""
        folder = _out_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def compare(self, model) -> Score:
        """Score a model on the comparison set, where techniques are compared.

        These are training images on which no seed trains or validates, the same for every seed, so
        the test set can stay sealed. The loss is the cross-entropy alone. Full mode trains on all
        images and has none left over: there it scores the validation images, and says so.
        """
        self._need_data()
        images = self.dataset
        where, remark = "Comparison set", ""
        if len(images.y_compare):
            result = score(model, images.x_compare, images.y_compare)
        else:
            validation = score(model, images.x_val, images.y_val)
            result = dataclasses.replace(validation, on_validation=True)
            where = "Validation set, since full mode keeps no images to compare on"
        if images.is_fallback and result.n < data.COMPARE.get(self.mode, 0):
            remark = (
                " They stand in for the real images, which would be "
                f"{data.COMPARE[self.mode]:,}, and tell less."
            )
        print(
            f"{where}: accuracy {result.accuracy:.2%}, loss {result.loss:.4f} on {result.n:,} "
            f"images{images.suffix}.{remark}"
        )
        return result

    def final_test(self, model, reason: str | None = None) -> Score:
        """Open the seal: evaluate the chosen `model` on the test set.

        The loss is the cross-entropy alone, without any penalty that Keras adds to it. Openings are
        counted over the course on this machine. The lessons of the course without a headline figure
        (see `HEADLINES`) raise SealedTestSetError, and so does a second opening in the same lesson
        unless it gives a `reason`; openings and reasons go into the run's records.
        """
        if re.match(r"\d\d_", self.name) and self.name[:2] not in HEADLINES:
            raise SealedTestSetError(
                f"Lesson {self.name[:2]} leaves the test set sealed, since a set that every lesson looked "
                "at would test none of them: lesson.compare(model) scores a model on images that no seed "
                "trains on"
            )
        self._need_data()
        if self.test_openings and not (reason and reason.strip()):
            course = (
                f", {_times(self._openings())} in the course on this machine" if self.live else ""
            )
            raise SealedTestSetError(
                f"The test set has been used {_times(len(self.test_openings))} in this lesson{course}. "
                "Whatever is chosen after a look at it is no longer tested by it. If you have a good "
                'reason, say it, and it goes on record: lesson.final_test(model, reason="...")'
            )
        from course_utils.callbacks import was_interrupted

        if was_interrupted(model):
            raise CourseError(
                "The last fit of this model did not come to its end, so it is not the model that was "
                "chosen, and the test set stays sealed. Build and train it again: run its two cells"
            )
        x_test, y_test = self.dataset.sealed.open()
        result = score(model, x_test, y_test)
        # Not before: a call that failed or was interrupted has shown nothing of the test set.
        self.test_openings.append(reason or "the final test")
        times = f"{_times(len(self.test_openings))} so far in this lesson"
        if self.live:
            times += f" and {_times(self._count_opening(result))} in the course on this machine"
        print(
            f"Test set opened, {times}: accuracy {result.accuracy:.2%}, "
            f"loss {result.loss:.4f} on {result.n:,} images{self.dataset.suffix}."
        )
        return result

    def _count_opening(self, result):
        """Note an opening of the test set among those of all lessons, and return their number."""
        path = records_folder() / OPENINGS
        line = {
            "lesson": self.name,
            "mode": self.mode,
            "seed": self.seed,
            "data": self.dataset.label,
            "reason": self.test_openings[-1],
            "accuracy": result.accuracy,
        }
        # Where nothing can be written, this opening is the only one that is known of.
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        return self._openings()

    def _openings(self):
        """How often the course opened this data set's test set on this machine."""
        openings = []
        with contextlib.suppress(OSError):
            openings = (records_folder() / OPENINGS).read_text(encoding="utf-8").splitlines()
        # Each data set has a test set of its own; a line that was cut off names none.
        label = json.dumps({"data": self.dataset.label})[1:-1]
        return max(sum(label in opening for opening in openings), len(self.test_openings))

    # Training

    def epochs(self, full: int, reduced: int | None = None) -> int:
        """How many epochs to train where the full mode trains `full`.

        Reduced mode trains `reduced`, or half of `full`, at most 16; smoke mode trains one.
        """
        if self.mode == "full":
            return full
        if self.mode == "smoke":
            return 1
        return min(-(-full // 2), 16) if reduced is None else reduced

    def seeds(self, n: int = 3) -> list[int]:
        """Seeds for `n` paired runs, starting at the lesson's own; 2 of them in smoke mode."""
        return list(range(self.seed, self.seed + (2 if self.mode == "smoke" else n)))

    def callbacks(
        self,
        title: str | None = None,
        name: str = "",
        techniques: str = "",
        part: str = "",
        guessing: int | None = None,
    ) -> list:
        """Callbacks for `fit`: live curves under `title`, a line an epoch, a stop at NaN.

        `guessing`, a number of classes, adds to the curves what guessing among so many gives.

        Without a title, for loops over many fits, one line says what trains once they take longer
        than five seconds; `part` tells it which of how many ("rate 0.01, 2 of 6"). `name` and
        `techniques`, as for `record`, go into the record of a training that diverged; by default the
        model's own name.
        """
        from course_utils.callbacks import LiveCurves, SignOfLife, Watch

        # A model is a cycle of references, which only the collector frees, and it comes seldom.
        gc.collect()
        watch = Watch(
            verbose=bool(title) and not self.live,
            on_epoch=self._keep_times,
            on_divergence=functools.partial(self._record_divergence, name, techniques),
        )
        if not title:
            return [watch, SignOfLife(part)] if self.live else [watch]
        draw = functools.partial(self._draw_curves, title, guessing)
        return [watch, LiveCurves(draw, live=self.live)]

    def anew(self, model, seed: int):
        """The same compiled Keras `model`, as a new one with this seed would be; see `begin_anew`.

        For loops over many short fits: a backend may take longer to compile a network than to train it.
        """
        from course_utils.callbacks import begin_anew

        begin_anew(model, seed)
        return model

    # Evidence

    def record(
        self,
        model,
        name: str,
        techniques: str = "",
        history=None,
        test: Score | None = None,
        compare: Score | None = None,
        table: str = "",
        arm: str = "",
        keep_predictions: bool = False,
        **parameters,
    ) -> Record:
        """Write the run record of a trained Keras `model` and return it.

        `name` and `techniques` are the reference's ("baseline_cnn", "l2+he_init"), `history` is
        what `fit` returned, `test` what `final_test` and `compare` what `compare` returned, `table`
        and `arm` the protocol's, `parameters` what else was chosen. With `keep_predictions` the
        probabilities on the comparison set go into the record, for averaging. Validation figures are
        measured now, on the weights that the model has now; the loss is the cross-entropy without
        penalties. What `compare` scored on validation images for want of others is theirs alone. Where
        COURSE_KEEP_NETWORKS names a folder, the network is saved there, named as
        `Record.network_name`.
        """
        from course_utils.callbacks import epochs_trained

        self._need_data()
        compare = None if compare is not None and compare.on_validation else compare
        validation = score(model, self.dataset.x_val, self.dataset.y_val)
        in_history = len(history.epoch) if history is not None else 0
        # What is recorded may be made of a trained model: one that looks six times at each image.
        trained = getattr(history, "model", model)
        # A cell with `fit` that ran twice has trained one model for twice as long.
        epochs = max(in_history, epochs_trained(trained))
        if in_history and epochs > in_history:
            print(
                f"Recorded as {epochs} epochs: this model was trained in more than one fit, and the "
                "last had "
                f"{in_history}. Build it again before you compare it with anything."
            )
        seconds, epoch_seconds = self._times.get(trained, (None, []))
        record = Record(
            **self._known(name, techniques),
            table=table,
            arm=arm,
            epochs=epochs,
            val_accuracy=validation.accuracy,
            val_loss=validation.loss,
            **_figures("compare", compare),
            compare_predictions=pack(compare.predictions) if keep_predictions and compare else "",
            **_figures("test", test),
            seconds=seconds,
            epoch_seconds=epoch_seconds,
            history=history.history if history is not None else {},
            parameters={"mode": self.mode, "seed": self.seed} | parameters,
        )
        record.write(records_folder())
        if KEEP_NETWORKS in os.environ:
            self._keep_network(model, record)
        return record

    def _keep_network(self, model, record):
        folder = Path(os.environ[KEEP_NETWORKS]).expanduser()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            model.save(folder / record.network_name)
        except OSError as error:
            raise CourseError(
                f"The network {record.network_name} could not be saved in {folder} ({files.why(error)}). "
                f"Name another folder in {KEEP_NETWORKS}, or unset it"
            ) from error

    def expect(self, record: Record, metric: str | None = None) -> None:
        """Say whether a record's `metric` lies where the reference runs say it should.

        By default it is the accuracy on the test set, or else on the comparison set; in full mode,
        which has none, on the validation set.
        """
        metric = metric or self._figure_of(record)
        kind = record.model, record.techniques, self.mode, record.data, metric
        found = evidence.expected_range(*kind, epochs=record.epochs or None)
        value = getattr(record, metric)
        if value is None:
            words = evidence.metric_words(metric)
            print(f"No {words} in this record, so there is nothing to compare.")
        elif found is None:
            of_another_length = record.epochs and evidence.expected_range(*kind)
            length = f"{record.epochs} epochs in " if of_another_length else ""
            print(
                f"Expected range: not yet measured for {length}{self.mode} mode on {record.data}. "
                "The course compares like with like only."
            )
        else:
            print(found.sentence(value))
        article = networks.article_words(record.model, record.techniques)
        if not article or self.dataset.is_fallback:
            return
        suffix = self.dataset.suffix
        ours = ""
        if suffix or self.mode != "full":
            ours = f" Here the network trained on {record.n_train:,} images{suffix}."
        originals = ", of the original images" if suffix else ""
        source = networks.NETWORKS[record.model].source
        print(f"The {source} reports {article} with its full training set{originals}.{ours}")

    def _figure_of(self, record):
        for metric in ("test_accuracy", "compare_accuracy"):
            if getattr(record, metric) is not None:
                return metric
        return "val_accuracy" if self.mode == "full" else "test_accuracy"

    def reference_verdict(self, techniques: str, baseline: str = "", model: str = "baseline_cnn"):
        """Print what the protocol's table found of a set of techniques, in brief, and how to doubt it.

        Returns the `evidence.Comparison` of accuracies, one of its table's family, or None while it is
        not yet measured. The table is one of this mode where there is one, else another mode's.
        """
        places = protocol.places(techniques, baseline, model)
        verdicts = {of.name: protocol.verdicts(of) for of, *_ in places}
        places.sort(key=lambda at: (at[1:] not in verdicts[at[0].name], at[0].mode != self.mode))
        # Each verdict of a lesson has a folder of its own: one folder holds one batch.
        sides = [
            f"{side.count('+') + 1}_techniques" if "+" in side else side
            for side in (techniques, baseline)
        ]
        folder = "_".join(("doubt", self.name[:2], *filter(None, sides)))
        if not places:
            print(
                f"{techniques} against {baseline or 'the baseline'}: not yet measured, and no table of the "
                "protocol compares them.\n"
                f"To try it: course run ablation --mode {self.mode} --seeds 0-9 "
                f"--param model={model} --param techniques={baseline or 'none'},{techniques} "
                f"--out {folder}\nThen: course report {folder}"
            )
            return None
        of, arm, against = places[0]
        found = verdicts[of.name].get((arm, against))
        print(evidence.tell_briefly(of, arm, against))
        print(
            "Doubt it? The end of lesson 10 says how to make its runs anew."
            if found
            else "To measure it, make its runs, and read them as lesson 10 says: course run "
            f"--table {of.name} --arms {against},{arm} --anew --out {folder}"
        )
        return found

    def progress(self, record: Record) -> None:
        """Draw the course's chart so far: each step's reference runs, and this record as a star."""
        from course_utils import progress_chart

        self._need_data()
        number = int(self.name[:2]) if self.name[:2].isdecimal() else 99
        progress_chart.draw(number, self.mode, self.dataset, record)

    def _need_data(self):
        if self.dataset is None:
            raise CourseError(f'No data yet; first run: mnist = lesson.load("mnist") ({self.name})')

    def __getattr__(self, name):
        """`lesson.check_NAME(answer)` runs an exercise's check."""
        if name.startswith("check_"):
            return functools.partial(self._check, checks.find_check(self.name, name))
        raise AttributeError(f"Lesson has no attribute {name!r}")

    def _check(self, function, *answer):
        result = checks.run_check(function, self, *answer)
        if result.hint:
            result = dataclasses.replace(result, solution=f"solutions/{self.name}.ipynb")
        if result.passed and (self.live or "COURSE_OUT" in os.environ):
            # A full disk is no reason to withhold the praise.
            with contextlib.suppress(OSError, ValueError):
                taken = self._note_solved(f"{self.name}.{function.__name__}")
                result = dataclasses.replace(result, taken=taken)
        return result

    def _note_solved(self, exercise):
        """Note an exercise as solved, and return it with its minutes, or None where nobody knows them.

        The note is for the table of lessons and for grading, which believe the package and not the
        page. It holds the minutes from opening the lesson to the first time that the check passed. An
        older one is empty, and so is that of a run without a learner.
        """
        note = records_folder() / "solved" / exercise
        if not note.exists():
            minutes = f"{(time.monotonic() - self._opened) / 60:.1f}\n" if self.live else ""
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(minutes, encoding="utf-8")
        minutes = note.read_text(encoding="utf-8")
        return (exercise, float(minutes)) if minutes and self.live else None

    def _cost_sentence(self):
        hardware = self.machine.hardware
        cost = evidence.lesson_cost(self.name, self.mode, hardware)
        if cost is None:
            return "Its cost in this mode is not yet measured."
        seconds, memory_mb = cost
        machine = evidence.measured_on(self.name, self.mode, hardware)
        where = "" if machine == hardware else f" (measured on {machine})"
        minutes = max(seconds / 60, 0.1)
        return f"Expect about {minutes:.1f} minutes and {memory_mb / 1000:.1f} GB{where}."

    def _draw_curves(self, title, guessing, history, epochs):
        from course_utils import plots

        suffix = self.dataset.figure_suffix if self.dataset is not None else ""
        stop = "" if title.endswith("?") else "."
        alt = (
            f"Training and validation loss and accuracy against epoch: {title}{stop} At the end: "
            + ", ".join(
                f"{key.replace('val_', 'validation ')} "
                + (f"{values[-1]:.1%}" if "accuracy" in key else f"{values[-1]:.3f}")
                for key, values in history.items()
                if key in ("loss", "accuracy", "val_loss", "val_accuracy")
            )
        )
        drawn = plots.curves_figure(history, title + suffix, epochs, guessing)
        return plots.bundle(drawn, alt)

    def _known(self, name, techniques):
        """Everything of a record that is known without the model's figures."""
        return {
            "lesson": self.name,
            "model": name,
            "techniques": techniques,
            "mode": self.mode,
            "seed": self.seed,
            "data": self.dataset.label,
            "data_sha256": self.dataset.sha256,
            "n_train": len(self.dataset.y_train),
            "peak_memory_mb": machine.peak_memory_mb(),
            "backend": self.machine.backend,
            "precision": self.machine.precision,
            "hardware": self.machine.hardware,
            "overruled": list(self.machine.overruled),
            "version": __version__,
            "keras_version": version("keras"),
            "python_version": platform.python_version(),
            "code": training_code(name),
            "test_openings": list(self.test_openings),
        }

    def _keep_times(self, model, seconds, epoch_seconds):
        self._times[model] = seconds, epoch_seconds

    def _record_divergence(self, name, techniques, model, history):
        """Leave a record of a run whose loss became NaN, so that a batch's table tells the truth."""
        if self.dataset is None:
            return
        known = self._known(name or re.sub(r"\W+", "_", model.name), techniques)
        Record(**known, status="failed", history=history).write(records_folder())


def _figures(kind, found):
    """A score as the fields of a record; none where nothing was scored."""
    if found is None:
        return {}
    return {
        f"{kind}_accuracy": found.accuracy,
        f"{kind}_loss": found.loss,
        f"{kind}_n": found.n,
        f"{kind}_mistakes": found.mistakes,
    }


def _out_folder():
    return Path(os.environ.get("COURSE_OUT", ".")).expanduser() / "out"


def _refused():
    """What of a run has no place: (the place that cannot be written, the variable to name another, what)."""
    going = [
        (records_folder(), "COURSE_OUT", "the record of this run"),
        (_out_folder(), "COURSE_OUT", "what a lesson saves"),
    ]
    if KEEP_NETWORKS in os.environ:
        kept = Path(os.environ[KEEP_NETWORKS]).expanduser()
        going.append((kept, KEEP_NETWORKS, "the network of each record"))
    found = {}
    for folder, name, what in going:
        if place := refusing(folder.absolute()):
            found.setdefault((place, name), []).append(what)
    return [(*where, " and ".join(things)) for where, things in found.items()]


def _times(number):
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
