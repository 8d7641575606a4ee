"""One training in a process of its own: reads a plan as JSON, prints what it measured as JSON.

    python -m benchmarks.train '{"run": {...}, "machine": {...}, "images": 3840, ...}'

To time an epoch the images are random, since what they show costs no time; their number, shape and
type are the course's. The first epoch, in which graphs are traced and memory is found, is left out.
A plan with a "mode" trains on the digits of that mode instead, to compare accuracies.
"""

import json
import os
import sys
import time

import numpy as np

SHAPES = dict.fromkeys(("all_conv", "small_all_conv", "fast_cnn"), (32, 32, 3))
BATCH_SIZES = {"all_conv": 256, "small_all_conv": 256, "fast_cnn": 512}


def random_images(count, shape, seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, *shape), dtype="uint8")
    return images, rng.integers(0, 10, count, dtype="int32")


def fit(model, train, validation, batch_size, epochs, callbacks=()):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return timed(
        model,
        *train,
        validation_data=validation,
        batch_size=batch_size,
        epochs=epochs,
        callbacks=callbacks,
    )


def fit_fast(train, validation, batch_size, epochs, seed):
    """All of lesson 16's ladder: its network at full width, its schedule, its shifts and mirrors."""
    import keras

    from course_utils import fast
    from course_utils.callbacks import Watch

    rung = fast.RUNGS.index("alternating flips")
    model = fast.build(rung, train[0])
    shown = fast.Shown(*train, batch_size, "alternate", seed=seed)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    model.compile(fast.optimizer(rung, 0.75, len(shown) * epochs), loss, metrics=["accuracy"])
    validation = validation[0], keras.utils.to_categorical(validation[1], 10)
    return timed(
        model,
        shown,
        validation_data=validation,
        validation_batch_size=batch_size,
        epochs=epochs,
        callbacks=[Watch(verbose=False)],
    )


def timed(model, *data, callbacks, **options):
    """The times at which epochs of `fit` began, and its end; the last validation accuracy."""
    import keras

    times = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: times.append(time.perf_counter())
    )
    model.fit(*data, callbacks=[clock, *callbacks], verbose=0, **options)
    times.append(time.perf_counter())
    return times, model.history.history["val_accuracy"][-1]


def train_course(run, machine, seed, **options):
    """As a lesson does: the machine configured, integers into `fit`, its watching callback."""
    from course_utils import machine as machines

    machines.configure(machines.Machine(**machine), seed)
    if run["model"] == "fast_cnn":
        return fit_fast(seed=seed, **options)
    import keras

    from course_utils import models
    from course_utils.callbacks import Watch

    if run["batch_norm"] == "keras":
        models.FusedBatchNormalization = keras.layers.BatchNormalization
    builders = {
        "baseline_cnn": models.build_cnn,
        "all_conv": models.build_all_conv,
        "small_all_conv": models.build_small_all_conv,
    }
    model = builders[run["model"]](run["techniques"])
    callbacks = [Watch(verbose=False)]
    if "early_stopping" in run["techniques"]:
        # Patient enough never to stop: random images are not learnt.
        callbacks.append(models.early_stopping(patience=10_000))
    return fit(model, callbacks=callbacks, **options)


def train_keras(run, machine, seed, train, validation, **options):
    """As a plain script does: float32 arrays divided by 255, and every default but the threads."""
    from course_utils import machine as machines

    machines.set_threads(run["backend"], machine["threads"])
    import keras

    from benchmarks.plain_keras import MODELS

    keras.utils.set_random_seed(seed)

    def prepared(images, labels):
        # The article's last listing normalises its input and leaves the division out.
        scale = 1 if run["model"] == "six_techniques" else 255
        return images.astype("float32") / scale, labels

    return fit(MODELS[run["model"]](), prepared(*train), prepared(*validation), **options)


def train_torch(run, machine, seed, train, validation, **options):
    from benchmarks import plain_torch

    def prepared(images, labels):
        channels_first = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        return channels_first.astype("float32") / 255, labels.astype("int64")

    times = plain_torch.train(
        run["model"],
        prepared(*train),
        prepared(*validation),
        bfloat16=run["precision"] == "mixed_bfloat16",
        threads=machine["threads"],
        **options,
    )
    return times, None


def images_of(plan):
    """Training and held-out images of a plan: the digits of its mode, or random ones."""
    if "mode" in plan:
        from course_utils import data

        digits = data.load("mnist", plan["mode"], plan["seed"])
        # Nothing is chosen by these figures: two writings of one model are compared, and the test
        # set is the larger of the sets that neither has trained on.
        return (digits.x_train, digits.y_train), digits.sealed.open()
    shape = SHAPES.get(plan["run"]["model"], (28, 28, 1))
    count = plan["images"]
    return random_images(count, shape, seed=1), random_images(count // 5, shape, seed=2)


def main(plan):
    run = plan["run"]
    os.environ["KERAS_BACKEND"] = run["backend"]
    side = {"course": train_course, "keras": train_keras, "torch": train_torch}[run["side"]]
    train, validation = images_of(plan)
    times, accuracy = side(
        run,
        plan["machine"],
        plan.get("seed", 1),
        train=train,
        validation=validation,
        batch_size=BATCH_SIZES.get(run["model"], 128),
        epochs=plan["epochs"] + 1,
    )
    # Begin to begin, so that a wait between two epochs counts too.
    print(json.dumps({"seconds": np.diff(times)[1:].tolist(), "accuracy": accuracy}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
