"""Train the network that lesson 18 transfers from: `python -m course_tools.authoring.pretrain`.

It sees the training images of the seven classes of CIFAR-10 that lesson 18 does not use; the last 500
of each class choose nothing and are what its accuracy is measured on. Neither the test set nor a
picture of the other three classes is touched. The weights are rounded to float16 before anything is
measured. Written are `course_utils/reference/seven_classes.weights.h5` and, with how it was made, `.json`.
An epoch takes some 90 seconds of CPU time.
"""

import argparse
import hashlib
import json
import time

import numpy as np

from course_utils import files, machine, pretrained
from course_utils.data import store
from course_utils.data.specs import SPECS
from course_utils.errors import DataError

SEED, BATCH, PEAK, HELD_OUT = 1, 128, 0.003, 500


def seen_pictures(held_out: int = HELD_OUT):
    """Training and held-out images and labels (0 to 6) of the seven classes, and how the images are labelled.

    Raises DataError where CIFAR-10 itself is not on this machine.
    """
    spec = SPECS["cifar10"]
    pool = store.locate(spec)
    if pool is None:
        raise DataError(f"{spec.title} is not on this machine. {spec.mend()}")
    x, y = pool.read("train")
    seen = [c for c, name in enumerate(spec.class_names) if name not in pretrained.UNSEEN]
    places = [np.flatnonzero(y == c) for c in seen]
    train, held = (
        np.concatenate([each[part] for each in places])
        for part in (slice(None, -held_out), slice(-held_out, None))
    )
    labels = np.searchsorted(seen, y)
    return (x[train], labels[train]), (x[held], labels[held]), pool


def build(trunk, classes: int):
    """The trunk with its last layer, behind random mirroring and small shifts."""
    import keras
    from keras import layers

    from course_utils.layers import RandomShift

    return keras.Sequential(
        [
            keras.Input(trunk.input_shape[1:]),
            layers.RandomFlip("horizontal", seed=SEED),
            RandomShift(0.1, seed=SEED),
            trunk,
            layers.Dropout(0.2, seed=SEED),
            layers.Dense(classes, activation="softmax", dtype="float32"),
        ]
    )


def main(words=None):
    """Train, round, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=8)
    epochs = parser.parse_args(words).epochs
    detected = machine.detect()
    machine.configure(detected, SEED)
    import keras

    keras.config.set_dtype_policy("float32")
    (x, y), (x_held, y_held), pool = seen_pictures()
    trunk = pretrained.build_trunk()
    model = build(trunk, 7)
    steps = epochs * -(-len(y) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 10, warmup_target=PEAK, warmup_steps=steps // 10
    )
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    began = time.perf_counter()
    model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=2)
    seconds = time.perf_counter() - began
    model.set_weights([w.astype("float16").astype(w.dtype) for w in model.get_weights()])
    loss, accuracy = model.evaluate(x_held, y_held, batch_size=500, verbose=0)
    save(trunk)
    told = {
        "made_by": "python -m course_tools.authoring.pretrain",
        "sha256": hashlib.sha256(pretrained.WEIGHTS.read_bytes()).hexdigest(),
        "classes": [n for n in SPECS["cifar10"].class_names if n not in pretrained.UNSEEN],
        "data": f"cifar10 training images, {pool.variant}",
        "data_sha256": pool.sha256,
        "n_train": len(y),
        "epochs": epochs,
        "seed": SEED,
        "weights": int(trunk.count_params()),
        "held_out_n": len(y_held),
        "held_out_accuracy": round(float(accuracy), 4),
        "held_out_loss": round(float(loss), 4),
        "seconds": round(seconds),
        "hardware": detected.hardware,
        "keras_version": keras.__version__,
    }
    files.write_atomically(pretrained.FACTS, (json.dumps(told, indent=1) + "\n").encode())
    print(json.dumps(told, indent=1))


def save(trunk):
    """Write the trunk's weights as float16, in the file that `load_weights` reads into any precision."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float16")
    try:
        half = pretrained.build_trunk()
    finally:
        keras.config.set_dtype_policy(before)
    half.set_weights(trunk.get_weights())
    half.save_weights(pretrained.WEIGHTS)


if __name__ == "__main__":
    main()
