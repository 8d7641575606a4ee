# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # All six together
#
# **Goal:** put the six techniques into one network, the article's last, and see what they do together.
#
# Each technique of the last six lessons answered a question of its own: how large may the weights become, where do they
# start, what scale do the signals have, what may change in a picture, how do we average errors away, when do we stop?
# The answers do not exclude one another. Do they add up?
#
# This notebook also stands on its own. Copied to an empty folder, with nothing but Keras installed, it trains.

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
try:
    from course_utils import Lesson, plots

    lesson = Lesson("09_all_six", mode=mode, seed=seed)
except ImportError:
    lesson = None  # without the course: plain Keras, the full size, no figures

# %% [markdown]
# ## The listing
#
# From here to the end of the training this is the whole program. Two layers come from the course when it is there: a
# batch normalisation that computes the same as Keras's in less time, and lesson 06's shift by whole pixels. Without the
# course Keras's own serve; its shift mixes neighbouring pixels.

# %%
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(seed)
batch_size, members, patience, penalty = 128, 3, 5, 1e-4
epochs = lesson.epochs(50) if lesson else 50
momentum = 0.9 if lesson and lesson.mode != "full" else 0.99  # few steps an epoch: see lesson 05

# %%
if lesson:
    mnist = lesson.load("mnist")
    (x_train, y_train), (x_val, y_val) = (mnist.x_train, mnist.y_train), (mnist.x_val, mnist.y_val)
else:
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train, x_test = x_train[..., None], x_test[..., None]
    (x_train, x_val), (y_train, y_val) = np.split(x_train, [-6000]), np.split(y_train, [-6000])

# %%
if lesson:
    from course_utils.layers import FusedBatchNormalization as BatchNormalization
    from course_utils.layers import RandomShift

    shift = RandomShift(0.1)
else:
    from keras.layers import BatchNormalization

    shift = layers.RandomTranslation(0.1, 0.1, fill_mode="nearest")

# %% [markdown]
# One member is the baseline network with three changes: an L2 penalty on every weight layer (lesson 03), He's
# initialisation for the layers with ReLU and Glorot's for the softmax (lesson 04), and batch normalisation after each
# activation (lesson 05).


# %%
def conv(x):
    x = layers.Conv2D(
        32, 3, padding="same", activation="relu",
        kernel_initializer="he_uniform", kernel_regularizer=keras.regularizers.L2(penalty),
    )(x)  # fmt: skip
    return BatchNormalization(momentum=momentum)(x)


# %%
def member(x):
    x = layers.MaxPooling2D()(conv(conv(x)))
    x = layers.Flatten()(layers.Dropout(0.25)(x))
    x = layers.Dense(
        128, activation="relu",
        kernel_initializer="he_uniform", kernel_regularizer=keras.regularizers.L2(penalty),
    )(x)  # fmt: skip
    x = layers.Dropout(0.5)(BatchNormalization(momentum=momentum)(x))
    return layers.Dense(
        10, activation="softmax", dtype="float32",
        kernel_initializer="glorot_uniform", kernel_regularizer=keras.regularizers.L2(penalty),
    )(x)  # fmt: skip


# %% [markdown]
# The whole: the picture is shifted at random while training (lesson 06) and batch-normalised, which takes the place of
# the division by 255; three members see the same input, and their probabilities are averaged (lesson 07).

# %%
inputs = keras.Input((28, 28, 1))
shared = BatchNormalization(momentum=momentum)(shift(inputs))
outputs = layers.Average(dtype="float32")([member(shared) for _ in range(members)])
model = keras.Model(inputs, outputs, name="all_six")
cross_entropy = keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy")
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", cross_entropy])

# %% [markdown]
# Early stopping (lesson 08) has to watch the cross-entropy *alone*. The article watched `val_loss`, and the first versions
# of Keras 1 left the L2 penalty out of that (`in_train_phase` in their `regularizers.py`). Keras 3 adds it (lesson 03), and
# a penalty that drifts would decide when to stop.

# %%
stopping = keras.callbacks.EarlyStopping(
    "val_cross_entropy", mode="min", patience=patience, restore_best_weights=True
)
history = model.fit(
    x_train,
    y_train,
    batch_size=batch_size,
    epochs=epochs,
    validation_data=(x_val, y_val),
    callbacks=[stopping, *(lesson.callbacks("All six techniques") if lesson else [])],
    verbose=0 if lesson else 2,
)

# %%
if not lesson:
    print("on the test set:", model.evaluate(x_test, y_test, verbose=0, return_dict=True))

# %% [markdown]
# That was the program. `EarlyStopping` brings the best epoch's weights back (lesson 08), and the article's last listing
# ends here too. What follows uses the course's figures.
#
# ## Beside the baseline
#
# The same data, the same seed, none of the six.

# %%
from course_utils import models

keras.utils.set_random_seed(seed)
baseline = models.build_cnn()
baseline.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
baseline_history = baseline.fit(
    x_train,
    y_train,
    batch_size=batch_size,
    epochs=lesson.epochs(12),
    validation_data=(x_val, y_val),
    callbacks=lesson.callbacks(),
    verbose=0,
)

# %%
six = history.history
without_penalty = six | {"loss": six["cross_entropy"], "val_loss": six["val_cross_entropy"]}
plots.curves(
    {"baseline": baseline_history.history, "all six": without_penalty},
    title="All six: harder training, better validation" + mnist.figure_suffix,
    alt="Loss and accuracy against epoch for the baseline and the model with all six techniques.",
)

# %% [markdown]
# Both losses are the cross-entropy alone, so that they can be compared: the L2 penalty of the six is left out. The six's
# dashed lines lie behind their solid ones because the training pictures were shifted and units dropped out. (The baseline
# has the dropout too. Its lines end sooner, because early stopping, one of the six, allows more epochs.)
#
# ## How many weights, and which mistakes?

# %% tags=["nbval-check-output"]
for name, network in [("baseline", baseline), ("all six", model)]:
    print(f"{name:9} {network.count_params():>10,} weights")

# %%
mistakes = {}
for name, network in [("baseline", baseline), ("all six", model)]:
    predicted = np.asarray(network.predict(x_val, verbose=0)).argmax(axis=1)
    mistakes[name] = set(np.flatnonzero(predicted != y_val))
both = mistakes["baseline"] & mistakes["all six"]
print(f"of {len(y_val):,} validation digits the baseline gets {len(mistakes['baseline'])} wrong, "
      f"all six together {len(mistakes['all six'])}; {len(both)} of these are the same")

# %% [markdown]
# Three groups: what only the baseline gets wrong, what both get wrong, and what only the six get wrong. **Predict:** is
# the last group empty? And which group looks hardest to you?

# %%
groups = [("Mended: only the baseline gets these wrong", mistakes["baseline"] - mistakes["all six"]),
          ("Left: both get these wrong", both),
          ("New: only the six get these wrong", mistakes["all six"] - mistakes["baseline"])]  # fmt: skip
for title, found in groups:
    if chosen := sorted(found)[:10]:
        plots.images(
            x_val[chosen],
            title=f"{title} ({len(chosen)} of {len(found)})" + mnist.figure_suffix,
            labels=[f"it is a {y_val[i]}" for i in chosen],
            columns=5,
            alt=f"{title}: up to ten validation digits with their true labels.",
        )

# %% [markdown]
# ## The final test
#
# The techniques and their settings are the article's; nothing was chosen here but the momentum, in lesson 05.

# %%
test = lesson.final_test(model)
techniques = models.techniques_label(models.TECHNIQUES)
record = lesson.record(model, "baseline_cnn", techniques, history=history, test=test, momentum=momentum)
lesson.expect(record)

# %% [markdown]
# One run of each shows what happened once. Whether the six help is a question for many seeds, for the reference runs. And
# there are two changes in one again, as in lesson 08: permission to train longer is one of the six. So there are two
# verdicts. In the second the baseline has the same permission, and what is left belongs to the other five:

# %%
verdict = lesson.reference_verdict(techniques)
lesson.reference_verdict(techniques, baseline="early_stopping")
lesson.progress(record)

# %% [markdown]
# ## One step further: let the steps shrink
#
# Look at the second half of the six's validation loss close up:

# %%
tail = six["val_cross_entropy"][len(six["val_cross_entropy"]) // 2 :]
from_epoch = len(six["val_cross_entropy"]) - len(tail) + 1
ups = int((np.diff(tail) > 0).sum())
plots.lines(
    {"all six": (range(from_epoch, from_epoch + len(tail)), tail)},
    title=f"It goes up {ups} times and down {len(tail) - 1 - ups} times" + mnist.figure_suffix,
    x="epoch",
    y="validation cross-entropy",
    height=2.6,
    marker="o",
    alt="Validation cross-entropy against epoch in the second half of the training: it jumps up and down.",
)

# %% [markdown]
# Most of it may still be going down, which only says that training is not over. But it does not go down at every step, and
# early stopping keeps the luckiest one. Where does the jumping come from, and would more epochs end it?
#
# Take one weight $w$ whose loss is a valley, $\tfrac{1}{2} h w^2$. A batch gives a gradient that is right on average only,
# $h w + \varepsilon$, with noise of variance $s^2$. One step with learning rate $\eta$ makes of the weight
#
# $$w \leftarrow w - \eta \, (h w + \varepsilon) = (1 - \eta h) \, w - \eta \, \varepsilon.$$
#
# Once the jumping is steady, the variance $v$ of $w$ is the same before and after a step:
#
# $$v = (1 - \eta h)^2 \, v + \eta^2 s^2 \quad\Rightarrow\quad
# v = \frac{\eta \, s^2}{h \, (2 - \eta h)}, \qquad
# \text{and the loss stays above the floor by } \tfrac{1}{2} h v \approx \tfrac{1}{4} \eta \, s^2.$$
#
# Longer training does not remove that. A smaller $\eta$ does, or less noise $s^2$: larger batches, which cost more a step.
# (Adam scales its steps, which changes the numbers but not the argument.) But a small $\eta$ from the first step on takes
# for ever. So start large and end small. Here are five hundred such weights, with $h = s = 1$:

# %%
steps, weights = 1000, 500
half_cosine = (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2
noise = np.random.default_rng(seed)
valley = {}
for name, rates in {
    "always 0.1": np.full(steps, 0.1),
    "always 0.002": np.full(steps, 0.002),
    "from 0.1 to 0 along a cosine": 0.1 * half_cosine,
}.items():
    w, losses = np.full(weights, 3.0), []
    for rate in rates:
        w = w - rate * (w + noise.normal(size=weights))
        losses.append((w**2).mean() / 2)
    valley[name] = np.arange(steps), losses

# %%
plots.lines(
    valley,
    title="A constant learning rate is stuck above the floor, or slow",
    x="step",
    y="loss above the floor",
    log_y=True,
    alt="Loss against step for three learning rates: the large one falls fast and stays, the small one falls slowly, "
    "and the one that decays falls fast and goes on falling to the end.",
)
print(f"always 0.1 ends near {np.mean(valley['always 0.1'][1][-200:]):.4f}; "
      f"the formula says {0.1 / (2 * (2 - 0.1)):.4f}")

# %% [markdown]
# In Keras that is one object, given to the optimiser in the learning rate's place. The number of epochs has to be settled
# beforehand, so the decay takes early stopping's place: it says itself when training is over.

# %%
decay_epochs = lesson.epochs(40)
decay_steps = decay_epochs * -(-len(x_train) // batch_size)  # rounded up: the last batch may be smaller
decay = keras.optimizers.schedules.CosineDecay(0.001, decay_steps)
falling = keras.optimizers.Adam(decay)
for share in (0, 0.25, 0.5, 0.75, 1):
    print(f"after {share:4.0%} of the training: learning rate {float(decay(share * decay_steps)):.6f}")

# %% [markdown]
# The reference runs trained the same network with the other five techniques and this decay, for 40 epochs at full size
# and fewer in reduced mode. Two things differ, or three: the rate falls; early stopping brings back its best epoch where the
# decay keeps its last; and where early stopping ended sooner, the number of epochs. (To train it yourself, run the cells
# that build the model again, compile with `falling` in place of `"adam"`, and fit for `decay_epochs` without `stopping`.)

# %%
from course_utils import evidence

decayed = evidence.FALLING_RATE
lesson.reference_verdict(decayed, baseline=techniques)
for name, chosen in {"all six": techniques, "five and the decay": decayed}.items():
    print(f"  {name}: {evidence.epochs_words('baseline_cnn', chosen, lesson.mode, 'mnist')}")
print("\nAt full size (the article's one run of all six: "
      f"{evidence.article_words('baseline_cnn', techniques)}, stopped after 31 epochs):")
for name, chosen in {"all six": techniques, "five and the decay": decayed}.items():
    runs = evidence.reference_runs("baseline_cnn", chosen, "full", "mnist")
    each = [f"{accuracy:.2%} after {n} epochs" for accuracy, n in zip(runs["test_accuracy"], runs["epochs"])]
    print(f"  {name}:", ", ".join(each) or "not yet measured")

# %% [markdown]
# Do the two sizes agree? They need not. With few training digits and few epochs there may still be far to go, and a rate
# that falls takes away steps that were needed; with all digits and many epochs the noise is what is left. (Look how close
# an interval comes to zero before you believe its word. And where a line has one run only, the comparison at full size is
# no more than an anecdote: the next lesson.)
#
# ## Exercise 1: how large is the ensemble?
#
# Write a function that gives the number of weights of this network for `k` members (everything that Keras counts,
# with batch normalisation's moving statistics). One member has `813,802` weights as in the baseline, and its batch
# normalisations add four for each channel; the shared input has one channel.


# %%
def all_six_weights(k):
    ...


# %% tags=["nbval-check-output"]
lesson.check_all_six_weights(all_six_weights)

# %% [markdown]
# ## Exercise 2: what is a third of a point worth?
#
# The article went from 99.12 % to 99.47 %. Write a function that takes two accuracies (as fractions) and the number of
# test images, and returns the number of mistakes before, after, and the share of the mistakes that went away.


# %%
def mistakes_removed(before, after, n=10_000):
    ...


# %% tags=["nbval-check-output"]
lesson.check_mistakes_removed(mistakes_removed)

# %% [markdown]
# Solutions: [solutions/09_all_six.ipynb](solutions/09_all_six.ipynb).
#
# ## What to take away
#
# * Six techniques fit into one short program, since each of them touches another part of it.
# * Near the top, count mistakes and not percentages: a small gain in accuracy can be a large share of the errors.
# * One run is an anecdote. [Lesson 10](10_does_it_help.ipynb) asks what each of the six is worth.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, part 3: the last listing, and the figures quoted in exercise 2.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** While it trains, ask which of the six the group would give up first, and write the votes down:
# lesson 10 will answer. Ask why the input's batch normalisation is shared and the other ones are not. In exercise 1 the
# usual slips are to multiply the shared normalisation by `k` and to forget that the moving statistics count. In
# exercise 2 people compute the difference of accuracies over the accuracy, and get a share that looks like nothing.
