# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # One model, any of the techniques
#
# **Goal:** one training run of the evidence behind this course: a model with any set of techniques, one seed, one score,
# one record. Lesson 10 reads the records of many such runs; this is the notebook that makes them, for anyone who doubts a
# verdict.
#
# From a terminal, ten seeds of two variants, then a page about them:
#
#     course run ablation --mode reduced --seeds 0-9 --param techniques=none,l2+he_init --out ablation
#     course report ablation
#
# A table of the course's protocol, with the settings that were written down before its runs:
#
#     course run --table fair_mnist --out fair_mnist

# %% tags=["parameters"]
mode = "auto"
seed = 1
model = "baseline_cnn"  # or "dropout_cnn", "all_conv", "small_all_conv"
techniques = "none"  # joined by "+": any of models.TECHNIQUES, the six, and models.FURTHER, which is explained below
learning_rate = 0.001  # Adam's; with cosine_decay its peak
epochs = 0  # 0: as the article, or as the model's lesson in reduced mode
n_train = 0  # training images; 0: the mode's own number
start = 0  # 1, 2, …: another random start on the same images, for the members of an ensemble
l2 = 0.0001  # factor of the L2 penalty
weight_decay = 0.01  # AdamW's factor
momentum = 0.0  # of batch normalisation; 0: 0.99 at full size, 0.9 in reduced mode
epsilon = 0.001  # what batch normalisation adds to the variance
patience = 5  # epochs without a better validation loss that early stopping waits
follow = False  # score the judged images after every epoch too
judge = "test"  # or "compare": the comparison set, where techniques are compared
table = ""  # of the protocol, and the arm of it
arm = ""

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson

lesson = Lesson("ablation", mode=mode, seed=seed)
from course_utils import models, networks

if model not in models.BUILDERS:
    raise ValueError(f"model={model!r} is not one of {', '.join(models.BUILDERS)}.")
if judge not in ("test", "compare"):
    raise ValueError(f"judge={judge!r} is neither 'test' nor 'compare'.")
network = networks.NETWORKS[model]
images = lesson.load(network.data, n_train=n_train or None)
if start:
    import keras

    keras.utils.set_random_seed(seed + 1000 * start)
chosen = models.parse_techniques(techniques)

# %% [markdown]
# The articles' settings: the model's own number of epochs (for the dropout CNN 50, where the article's listing asks for
# 200), or, with early stopping, up to 50 epochs with a patience of five and the best weights restored; in reduced mode the
# few epochs that the model's lesson trains. In reduced mode
# there are also few steps an epoch, so batch normalisation gets a momentum that lets its moving statistics settle
# (lesson 05 shows why).
#
# Further ones are not of the six. `cosine_decay` lets Adam's learning rate fall from its peak to zero along half
# a cosine, over as many epochs as are trained: 40 at full size, unless the model's own number is larger. `long_training`
# trains for as many epochs as early stopping would allow, and does not stop: without it nobody can tell whether it was
# the stopping that helped or the permission to train for longer. `no_dropout` leaves out the dropout that the model has by
# itself, `weight_decay` is AdamW's in the place of Adam's penalty, and `input_norm` normalises the input alone.

# %%
momentum = momentum or (0.99 if lesson.mode == "full" else 0.9)
settings = {"techniques": chosen, "momentum": momentum, "epsilon": epsilon, "l2": l2}
options = {} if model == "mlp" else settings
built = models.BUILDERS[model](**options)
print(f"{built.name}: {models.techniques_label(chosen) or 'no technique'}, {built.count_params():,} weights")

# %%
import math

import keras

stopping = [models.early_stopping(patience, "val_cross_entropy")] if "early_stopping" in chosen else []
if lesson.mode == "smoke":
    epochs = 1
elif not epochs and (stopping or "long_training" in chosen):
    epochs = lesson.epochs(50)
elif not epochs and "cosine_decay" in chosen:
    epochs = lesson.epochs(max(40, network.epochs))
elif not epochs:
    epochs = lesson.epochs(network.epochs, reduced=network.few_epochs)

# %%
rate = learning_rate
if "cosine_decay" in chosen:
    steps = epochs * math.ceil(len(images.x_train) / network.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
optimizer = keras.optimizers.Adam(rate)
if "weight_decay" in chosen:
    optimizer = keras.optimizers.AdamW(rate, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])  # kernels alone, as L2 has it

# Early stopping watches the cross-entropy alone: Keras 3 adds the L2 penalty to val_loss.
cross_entropy = keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy")
built.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy", cross_entropy])

# %% [markdown]
# What would another patience have kept? Only a curve of the images that a model is judged on can say. With `follow` they
# are scored after every epoch, which decides nothing in the training; where these are the test images, the record says so.

# %%
from course_utils.evidence.scoring import score

followed = {f"{judge}_accuracy": [], f"{judge}_loss": []}
judged = (images.x_compare, images.y_compare)
if follow and judge == "test":
    judged = images.sealed.open()
    lesson.test_openings.append("after every epoch")


def look(epoch, logs):
    now = score(built, *judged)
    followed[f"{judge}_accuracy"].append(now.accuracy)
    followed[f"{judge}_loss"].append(now.loss)


looks = [keras.callbacks.LambdaCallback(on_epoch_end=look)] if follow else []

# %%
history = built.fit(
    images.x_train,
    images.y_train,
    batch_size=network.batch_size,
    epochs=epochs,
    validation_data=(images.x_val, images.y_val),
    callbacks=[
        *lesson.callbacks(f"{built.name}: {techniques}", model, models.techniques_label(chosen)), *stopping, *looks
    ],
    verbose=0,
)
if follow:
    history.history |= followed

# %%
reason = "the final test, after a curve" if follow else None
scored = {judge: lesson.final_test(built, reason) if judge == "test" else lesson.compare(built)}
record = lesson.record(
    built,
    model,
    techniques=models.techniques_label(chosen),
    history=history,
    **scored,
    table=table,
    arm=arm,
    keep_predictions=judge == "compare",
    start=start,
    batch_size=network.batch_size,
    momentum=momentum,
    epsilon=epsilon,
    patience=patience,
    learning_rate=learning_rate,
    l2=l2,
    weight_decay=weight_decay,
)
if judge == "test":
    lesson.expect(record)

# %% [markdown]
# ## What to take away
#
# One run proves nothing: its accuracy hangs on its seed. Run ten seeds of each variant, and compare them in pairs, as
# lesson 10 does.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, parts 2 and 3; an answer on Cross Validated about fighting
#   overfitting on CIFAR-10: the models and their training.
