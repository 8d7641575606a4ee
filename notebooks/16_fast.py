# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Learn in a tenth of the time
#
# **Goal:** climb a ladder of eight small changes to one network, see what each of them does, and learn to say how much
# *faster* a training has become.
#
# The all-convolutional network of lesson 12 takes 50 epochs. K. Jordan's article trains another on the same photographs
# in ten, and its network ends at 94 % (the article's figure). More data had no part in that, nor had the machine: what
# changed is the learning rate, the labels, the start, the weights at the end. Which of these changes matters? And how
# would you know?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots
from course_utils.evidence import protocol

lesson = Lesson("16_fast", mode=mode, seed=seed)
cifar = lesson.load("cifar10")
known = evidence.reference_runs("all_conv", "", "full", cifar.label)
print(f"The network of lesson 12, all photographs, {known['epochs'].max():.0f} epochs: "
      f"{known['seconds'].median() / 60:.0f} minutes ({known['hardware'].iloc[0]}), "
      f"{known['test_accuracy'].mean():.1%} of the test photographs."
      if len(known) else "The network of lesson 12 in full mode: not yet measured on these photographs.")

# %% [markdown]
# ## The network
#
# One convolution over patches of two by two pixels, then three blocks of two convolutions each. A block halves the sides
# of its maps. At the end each map gives one number, its maximum. (`scale=False`: whatever a scale does, the next
# convolution can do. The division by nine keeps the first answers unsure.)
#
# Whatever climbs the ladder here is trained on at most 10,000 photographs, two epochs, with few filters, in every mode.
# In full mode the last one is then trained on all of them, twelve epochs, with the article's 64, 256 and 256 filters.

# %%
import keras
import numpy as np
from keras import layers, ops
from course_utils import fast
from course_utils.layers import FusedBatchNormalization as BatchNormalization


def block(x, width, start):
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer=start)(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Activation("gelu")(BatchNormalization(momentum=0.6, scale=False)(x))
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer=start)(x)
    return layers.Activation("gelu")(BatchNormalization(momentum=0.6, scale=False)(x))


# %%
def build(shape, widths, kernels=None, start="glorot_uniform"):
    inputs = keras.Input(shape)
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    patches = layers.Conv2D(8 * shape[-1], 2, use_bias=False, activation="gelu", name="patches")
    x = patches(x)
    if kernels is not None:
        patches.set_weights([kernels])
        patches.trainable = False
    for width in widths:
        x = block(x, width, start)
    x = layers.Rescaling(1 / 9)(layers.Dense(10, use_bias=False)(layers.GlobalMaxPooling2D()(x)))
    return keras.Model(inputs, layers.Softmax(dtype="float32")(x), name="fast_cnn")


# %% [markdown]
# And its training, with all the rungs in it: `rung` says up to which of them. What each line is for, the lesson tells one
# by one. `fast.Shown` hands the photographs to `fit`, in a new order each epoch, shifted by up to two pixels, half of
# them mirrored (lesson 14 allows it), as the bytes that they are.

# %%
def train(images, rung, widths, epochs, batch_size, rate, callbacks, mirror="random"):
    keras.utils.set_random_seed(seed)
    kernels = fast.whitening(images.x_train) if rung >= 3 else None
    model = build(images.x_train.shape[1:], widths, kernels, fast.Identity() if rung >= 4 else "glorot_uniform")
    shown = fast.Shown(images.x_train, images.y_train, batch_size, mirror, seed=seed)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.2 if rung >= 2 else 0)
    model.compile(fast.optimizer(rung, rate, len(shown) * epochs), loss, metrics=["accuracy"])
    checked = images.x_val[:2000], keras.utils.to_categorical(images.y_val[:2000], 10)
    history = model.fit(shown, epochs=epochs, validation_data=checked, validation_batch_size=500,
                        callbacks=callbacks, verbose=0)  # fmt: skip
    return model, history


# %% [markdown]
# The numbers in it are the article's: momentum 0.85, labels smoothed by 0.2, biases at 64 times the rate. Where its code
# and ours differ: its rate falls in a straight line, to a fourteenth of the peak; its first layer has a bias, which
# learns for three epochs; its average is written back into the weights every five steps; of its several looks it averages
# the logits, and we average the probabilities.


# %%
import dataclasses

few = dataclasses.replace(cifar, x_train=cifar.x_train[:10_000], y_train=cifar.y_train[:10_000])
small, epochs = fast.WIDTHS["smoke" if lesson.mode == "smoke" else "reduced"], lesson.epochs(2, reduced=2)


def climb(rung, rate=0.25):
    part, mirror = f"rung {rung}, {fast.RUNGS[rung]}", "alternate" if rung >= 7 else "random"
    return train(few, rung, small, epochs, fast.FEW, rate, lesson.callbacks(part=part), mirror)


# %% [markdown]
# ## Rung 1: a rate that rises and falls
#
# The bottom of the ladder is stochastic gradient descent with momentum, at one rate from beginning to end. The first rung
# changes the rate alone: it rises for a fifth of the steps, then falls to zero along a cosine. Keras has that schedule
# ready made:

# %%
steps = epochs * (len(few.x_train) // min(fast.FEW, len(few.x_train)))
rise = max(1, steps // 5)
rates = keras.optimizers.schedules.CosineDecay(0.05, steps - rise, warmup_target=0.25, warmup_steps=rise)
plots.lines(
    {"constant, high": [0.25] * steps, "constant, low": [0.06] * steps,
     "rung 1: rises and falls": [float(rates(step)) for step in range(steps)]},
    title="Two rates that stay, and one that ends at zero", x="step", y="learning rate",
    alt="Learning rate against step: two level lines, and one that rises for a fifth of the steps, then falls to zero.",
)

# %% [markdown]
# The bottom rung shall have a fair chance: a constant rate may want to be lower than a peak. So it gets two, of which the
# better one on the validation photographs stands for it. (They are nearly the lowest and the highest that the course's
# table `ladder`, which tunes the rate of each rung, tries for batches of this size. The other rungs here keep the high
# one.)
#
# > **Predict:** which of the three is ahead after the first epoch, and which after the last?

# %%
runs = {"constant, high": climb(0), "constant, low": climb(0, rate=0.06), "rung 1": climb(1)}

# %%
curves = {name: [100 * a for a in run.history["val_accuracy"]] for name, (_, run) in runs.items()}
ahead = [max(curves, key=lambda name: curves[name][e]) for e in (0, -1)]
better = max(list(curves)[:2], key=lambda name: curves[name][-1])
ladder = {0: runs[better], 1: runs["rung 1"]}
plots.lines(
    curves, x="epoch", y="validation accuracy, %", marker="o",
    title=f"Ahead after the first epoch: {ahead[0]}; after the last: {ahead[1]}" + cifar.figure_suffix,
    alt="Validation accuracy against epoch for two constant rates and for one that rises and falls: "
    + "; ".join(f"{name} ends at {values[-1]:.1f} %" for name, values in curves.items()) + ".",
)

# %% [markdown]
# A high rate covers ground, and it jumps about: no two steps agree on where the bottom is. A low rate finds the bottom of
# wherever it stands. The schedule has both, one after the other. It has a price that is easily overlooked. **The curve of
# such a training must not be read halfway:** in the middle its rate is high, and its accuracy is worse than that of a
# training which was *meant* to end there. We shall need that below.
#
# ## Rung 2: labels that leave room
#
# "It is a cat, for certain" is a label that no softmax can ever reach: its logits would have to be infinite, and the
# network is pulled towards them for ever. **Label smoothing** takes a fifth of the certainty and spreads it over all ten
# classes. This needs labels with a number for each class, **one-hot**, and the loss that reads them,
# `CategoricalCrossentropy(label_smoothing=0.2)`.

# %%
label, smooth = np.eye(10)[3], 0.8 * np.eye(10)[3] + 0.2 / 10
plots.lines(
    {"one-hot": (range(10), label), "smoothed by 0.2": (range(10), smooth)}, marker="o", ticks=range(10), height=2.6,
    title="A smoothed label can be reached", x="class", y="wanted probability",
    alt=f"Wanted probabilities: 1 for class 3; smoothed, {smooth[3]:.2f} for it and {smooth[0]:.2f} for the others.",
)
print(f"The lowest loss that smoothed labels allow is {-(smooth * np.log(smooth)).sum():.3f}, not 0.")

# %% [markdown]
# So do not compare the losses of rung 1 and rung 2: they are not the same question. Accuracies can be compared, and
# `lesson.compare` gives the cross-entropy against the plain labels.
#
# ## Rung 3: a first layer that nobody trains
#
# Neighbouring pixels are nearly equal, so the twelve numbers of a patch (two by two pixels, three colours) mostly say
# one thing: how bright it is. What tells a cat from a dog lies in the small differences, and a gradient sees the large
# ones first. **Whitening** turns the twelve numbers so that none tells anything of another, and stretches each to the
# same variance. With the covariance $C = V \Lambda V^\top$ of the patches, its eigenvectors in the columns of $V$, the
# new numbers of a patch $p$ are
#
# $$q = (\Lambda + \varepsilon)^{-1/2}\, V^\top p .$$
#
# That is a matrix product: a convolution, whose kernels are known before any training. They are set, with their negatives
# (since a GELU lets one side through), and frozen.

# %%
kernels = fast.whitening(cifar.x_train)
variances = 1 / (kernels[..., :12] ** 2).sum(axis=(0, 1, 2)) - 1e-4
pictures = kernels[..., :12].transpose(3, 0, 1, 2)
plots.images(
    0.5 + 0.5 * pictures / np.abs(pictures).max(axis=(1, 2, 3), keepdims=True), columns=6,
    title=f"One direction of twelve has {variances[0] / variances.sum():.0%} of the variance" + cifar.figure_suffix,
    labels=[f"{share:.1%}" for share in variances / variances.sum()],
    alt="Twelve kernels of two by two pixels with their shares of the variance: the first is even, the next ones are "
    "slopes and colours, the last ones checks.",
)

# %% [markdown]
# ## Rung 4: start by changing nothing
#
# A convolution that starts at random stirs its input before it has learned anything, and seven of them stir thoroughly.
# So let filter $k$ start with a 1 in the middle of channel $k$, and 0 elsewhere: it hands its input on. (Filters that are
# left over start at random.)

# %%
photo = few.x_train[:1] / 127.5 - 1
seen = {"after the patches": ops.conv(photo.astype("float32"), kernels[..., :16], padding="valid")}
for name, start in (("random start", keras.initializers.GlorotUniform(seed)), ("identity start", fast.Identity(seed))):
    maps = seen["after the patches"]
    for _ in range(3):
        maps = ops.conv(maps, start((3, 3, 16, 16)), padding="same")
    seen[f"{name}, 3 layers on"] = maps

# %%
shots = np.concatenate([ops.convert_to_numpy(maps)[..., :1] for maps in seen.values()])
low, high = (np.quantile(shots, q, axis=(1, 2, 3), keepdims=True) for q in (0.02, 0.98))
plots.images(((shots - low) / (high - low)).clip(0, 1), labels=list(seen), columns=3,
             title="What three untrained layers leave of a photograph" + cifar.figure_suffix,
             alt="The first map of a photograph: behind the patches, behind three more layers that started at random, "
             "and behind three that started as the identity, which left it as it was.")  # fmt: skip

# %% [markdown]
# ## Rung 5: quick biases
#
# Batch normalisation gives every map the mean 0; its bias then says where the GELU cuts. There are few of these biases,
# and each of them matters for a whole map. At the rate of the kernels they hardly get anywhere in so few steps. This rung
# gives them 64 times the rate.
#
# > **Predict:** a rate that falls; labels, patches and start together; quick biases. Which of the three adds most to the
# > accuracy after these few epochs?

# %%
ladder |= {rung: climb(rung) for rung in (4, 5)}

# %%
def biases_of(model):
    return np.concatenate([np.ravel(v) for v in model.trainable_variables if v.path.endswith("beta")])


biases = {"rung 4, the rate of all": biases_of(ladder[4][0]), "rung 5, 64 times that": biases_of(ladder[5][0])}
spread = [np.abs(values).mean() for values in biases.values()]
plots.histograms(biases, x="bias at the end",
                 title=f"Quick biases end {spread[1] / spread[0]:.1f} times as far from 0" + cifar.figure_suffix,
                 alt=f"Histograms of the biases: mean size {spread[0]:.3f} on rung 4 and {spread[1]:.3f} on rung 5.")

# %% [markdown]
# ## Rung 6: the average of where you have been
#
# While the rate is high the weights wander around a low place and are rarely in it. Their average over the last steps is
# closer to it than most of them. An imagined valley with noisy steps shows it. In Keras it takes two words of the
# optimiser, `use_ema=True, ema_momentum=...`, and at the end of `fit` the average takes the place of the weights.

# %%
random = np.random.default_rng(seed)
path, mean = [np.array([3.0, 3.0])], [np.array([3.0, 3.0])]
for _ in range(120):
    path.append(path[-1] - 0.15 * (path[-1] * [1.0, 3.0] + random.normal(0, 2.5, 2)))
    mean.append(0.95 * mean[-1] + 0.05 * path[-1])
ends = [np.linalg.norm(each[-40:], axis=1).mean() for each in (path, mean)]
plots.lines(
    {"weights": tuple(np.transpose(path)), "their average": tuple(np.transpose(mean)), "lowest": ([0], [0])},
    title=f"Last 40 steps: {ends[0]:.2f} from the lowest point, their average {ends[1]:.2f}",
    x="one weight", y="another", looks={"weights": {"color": "#999999"}, "lowest": {"marker": "*"}},
    alt="A jagged path of two weights around the lowest point, and its average, which goes straight there.",
)

# %% [markdown]
# How much of that is left when the rate falls to zero anyway? Less: a falling rate averages too, in its way. The table
# below says how much.
#
# ## Rung 7: coins waste what they show
#
# Every photograph is shown mirrored or not. A coin that is thrown anew in each epoch shows many photographs from the same
# side twice or three times in a row. **Alternating** needs one coin for each photograph in the first epoch, and then
# every other time is a mirror image.
#
# > **Predict:** after three epochs with coins, what share of the photographs has been seen from one side only?

# %%
first = random.random(1000) < 0.5
views = {
    how: np.array([fast.mirrored(how, first, epoch, random) for epoch in range(8)]) for how in ("random", "alternate")
}
once = {how: (seen[:3].min(axis=0) == seen[:3].max(axis=0)).mean() for how, seen in views.items()}
drawn, axes = plots.figure(1, 2, height=2.8, sharey=True)
for axis, (how, seen) in zip(axes, views.items()):
    axis.imshow(seen[:, :24], cmap="Greys", aspect="auto")
    axis.set(title=f"{how}: one side only, {once[how]:.0%}", xlabel="photograph")
    axis.set_yticks(range(8), range(1, 9))
axes[0].set_ylabel("epoch")
drawn.suptitle("Which photographs are mirrored (black); the shares are those after three epochs", fontsize=11)
plots.show(drawn, f"Mirrored or not, 24 photographs in eight epochs: by coins, and in turn. After three epochs "
           f"{once['random']:.0%} and {once['alternate']:.0%} of 1,000 have been seen from one side only.")

# %% [markdown]
# (Exercise 2 asks for the formula.) Here is the ladder as far as it was trained. Two epochs are too short for the rungs 6
# and 7, an average of few steps and coins that are thrown twice: what they are worth, only the table below can say.

# %%
scored = {rung: lesson.compare(model) for rung, (model, _) in ladder.items()}
reached = [100 * each.accuracy for each in scored.values()]
noise = 100 * np.sqrt(reached[-1] / 100 * (1 - reached[-1] / 100) / scored[5].n)
plots.dots(
    {f"{rung} {fast.RUNGS[rung]}": [value] for rung, value in zip(ladder, reached)},
    title=f"From {reached[0]:.0f} to {reached[-1]:.0f} % in the same {epochs} epochs" + cifar.figure_suffix,
    x=f"accuracy on photographs to compare on, %; two standard errors are {2 * noise:.1f} points",
    alt="Accuracy of the rungs that were trained here: "
    + ", ".join(f"rung {rung} {value:.1f} %" for rung, value in zip(ladder, reached)) + ".",
)

# %%
for (below, before), (rung, after) in zip(zip(ladder, reached), list(zip(ladder, reached))[1:]):
    sure = "more" if abs(after - before) > 2 * 2**0.5 * noise else "no more"
    print(f"From rung {below} to {rung}: {after - before:+.1f} points, {sure} than chance in the choice of photographs.")

# %% [markdown]
# One seed each: another start moves each of these figures, too. And a step over several rungs says nothing of each alone.
#
# Look back at the biases. They went far on rung 5; did the accuracy follow? A change that does what it was made for need
# not help, and one that helped the article in ten epochs may not show in two. Only whole trainings, several of them, can
# tell.
#
# ## Rung 8: look six times
#
# At the end we may look at each photograph more than once: as it is, a pixel up and left, a pixel down and right, and the
# three mirrored. The network answers six times, and its probabilities are averaged. This costs no training, and six times
# the time to answer. Nothing says that an average cannot be worse.
#
# > **Predict:** for how many right answers that it mends does it spoil one?

# %%
final, history = ladder[5]
if lesson.mode == "full":
    watch = lesson.callbacks("The whole ladder, on all photographs")
    final, history = train(cifar, 7, fast.WIDTHS["full"], 12, 512, 0.75, watch, "alternate")
six = fast.look_six_times(final)

# %%
one_look, six_looks = scored[5] if final is ladder[5][0] else lesson.compare(final), lesson.compare(six)
was, now = (each.predictions.argmax(axis=1) == each.labels for each in (one_look, six_looks))
print(f"{(~was & now).sum()} wrong answers became right, and {(was & ~now).sum()} right ones wrong: "
      f"{100 * (six_looks.accuracy - one_look.accuracy):+.2f} points.")

# %%
asked, truth = (cifar.x_compare, cifar.y_compare) if len(cifar.y_compare) else (cifar.x_val, cifar.y_val)
example = int(np.flatnonzero(was != now)[0]) if (was != now).any() else 0
seen = [ops.convert_to_numpy(images)[0] for images, _ in fast.looks(asked[example : example + 1])]
believed = final.predict(np.stack(seen), verbose=0)
plots.images(
    np.stack(seen) / 255, columns=6, labels=[f"{cifar.class_names[p.argmax()]}, {p.max():.0%}" for p in believed],
    title=f"Six looks at one photograph ({cifar.class_names[truth[example]]})" + cifar.figure_suffix,
    alt="One photograph six times: as it is, moved up and down, and the three mirrored, with the answer to each: "
    + ", ".join(cifar.class_names[p.argmax()] for p in believed) + ".",
)

# %% [markdown]
# Answers that change when a photograph moves by a pixel: that is what the average is for. It does not know which of its
# looks is the right one, so it spoils some as well.
#
# ## Where does the time go?
#
# A recipe that is fast on paper may wait for its photographs. So measure the parts of a step: drawing, shifting and
# mirroring a batch; handing it over; the way forward; the way back with the update.

# %%
import timeit

shown = fast.Shown(few.x_train, few.y_train, fast.FEW, "alternate")
batch = shown[0]


def seconds(part):
    """Seconds of the quickest of seven calls: whatever else runs on the machine can only add to one."""
    return min(timeit.repeat(part, number=1, repeat=7))


# %%
model = ladder[5][0]
parts = {
    "shift and mirror": seconds(lambda: shown[1]),
    "hand over": seconds(lambda: ops.convert_to_tensor(batch[0])),
    "forward": seconds(lambda: model.predict_on_batch(batch[0])),
}
spare = keras.models.clone_model(model)  # its weights may change
spare.compile("sgd", "categorical_crossentropy")
parts["backward and update"] = max(0, seconds(lambda: spare.train_on_batch(*batch)) - parts["forward"])
shares = {name: 100 * value / sum(parts.values()) for name, value in parts.items()}
plots.dots(
    {name: [share] for name, share in shares.items()}, x="share of the time of a step, %",
    title=f"Shifting and mirroring take {shares['shift and mirror']:.1f} % of a step here",
    alt="Shares of the time: " + ", ".join(f"{name} {share:.1f} %" for name, share in shares.items()) + ".",
)

# %%
print(f"Shifted and mirrored in a second: {len(batch[0]) / parts['shift and mirror']:,.0f} photographs; "
      f"trained: {len(batch[0]) / sum(parts.values()):,.0f}.")

# %% [markdown]
# How can it be so cheap? There is no loop over photographs. All windows of all photographs are there already, as a
# *view* that copies nothing (`sliding_window_view`); to shift a batch is to pick one window of
# each. And a byte a colour is a quarter of what a float would be. The network rescales.
#
# ## How much faster?
#
# "Faster" needs a target and a count: **epochs to an accuracy**. For a rate that falls to zero at its end the count
# cannot be read off a curve: remember rung 1. It takes *several whole trainings of different lengths*, and then one
# asks which length ends at the target. The course's table `ladder` does that: each rung with 4, 8 and 16 epochs, five
# seeds, its rate tuned, the target fixed beforehand (what the bottom rung reaches in 16 epochs, on validation).
#
# The article counted epochs to 94 %, on the *test* set. Its order was slightly another one: it looked several times
# before it alternated. Beside its epochs stand ours:

# %%
table = protocol.table("ladder")
source = {"smoothing": 35, "whitening": 21, "identity": 18, "biases": 13.5, "averaging": 12, "looks": 10.8,
          "alternating": 9.9}  # fmt: skip
ours = evidence.epochs_needed(table, bottom="constant", lengths=(4, 8, 16))
for rung, (name, needed) in enumerate(ours.items()):
    print(f"{rung} {fast.RUNGS[rung]:24} article {source.get(name, 'not told')!s:>9}   ours {needed}")

# %%
print(*evidence.tell_all(table).values(), sep="\n")

# %% [markdown]
# Two things to keep apart. The article's ladder is a *search*: each rung was kept because the test set liked it, and each
# epoch count was chosen by it. Lesson 15 says what that costs, and the test set of CIFAR-10 has 10,000 photographs, so
# probably little. And an order is no explanation: a rung that is worth three epochs at the bottom may be worth none at
# the top.
#
# ## Is your number normal?
#
# The network is chosen, with its six looks: the seal is opened once.

# %%
test = lesson.final_test(six)
record = lesson.record(six, "fast_cnn", history=history, test=test, rung=7 if lesson.mode == "full" else 5, looks=6)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# ## And the digits?
#
# The same network reads digits, once nobody mirrors them. The course's table `best_mnist` trains it for 20 epochs, twice
# as wide, on all digits, which are shifted, turned and zoomed a little:

# %%
table = protocol.table("best_mnist")
runs = protocol.verdict_runs(table, table.arms["averaged"])["test_accuracy"]
known = f"{runs.mean():.2%}, mean of {len(runs)} seeds" if len(runs) == len(table.verdict_seeds) else "not yet measured"
print(f"Digits of the test set that it reads, table best_mnist: {known}.")

# %% [markdown]
# ## Exercise 1: whiten
#
# > Write `whiten`. It gets `patches`, an array with a row a patch and a column a number, and `epsilon`. It returns an
# > array of the same shape whose columns do not correlate and, with `epsilon` 0, have variance 1. `np.cov(patches,
# > rowvar=False)` is the covariance, `np.linalg.eigh` returns its eigenvalues, and its eigenvectors.


# %%
def whiten(patches, epsilon):
    ...


# %% tags=["nbval-check-output"]
lesson.check_whiten(whiten)

# %% [markdown]
# ## Exercise 2: what coins leave unseen
#
# > A fair coin decides in each epoch whether a photograph is mirrored. After so many epochs, what share of the
# > photographs do you expect to have been seen from one side only?


# %%
def one_side_only(epochs):
    ...


# %% tags=["nbval-check-output"]
lesson.check_one_side_only(one_side_only)

# %% [markdown]
# Solutions: [solutions/16_fast.ipynb](solutions/16_fast.ipynb).
#
# ## What to take away
#
# * The rungs change the rate, the labels, the start and the end of a training: no more photographs, and hardly a second
#   more in an epoch. Let every rung have its best rate before you say what the next one is worth.
# * "Faster" is a number of epochs to a target, from whole trainings of different lengths; a curve must not be read
#   halfway.
# * To look several times costs no training. It mends more answers than it spoils, or it is not worth it: count both.
#
# The network is right more often, and sooner. Is it also right as often as it *says*? That is the question of lesson 17.
#
# ## Sources
#
# * K. Jordan, *94% on CIFAR-10 in 3.29 seconds on a single GPU*, 2024: the article of this lesson, network and ladder.
# * L. Smith and N. Topin, *Super-convergence*, 2018: a rate that rises and falls.
# * C. Szegedy and others, *Rethinking the Inception architecture for computer vision*, 2016: label smoothing.
# * P. Izmailov and others, *Averaging weights leads to wider optima and better generalization*, 2018.
# * D. Page, *How to train your ResNet*, 2018 to 2019: whitened patches, quick biases, several looks.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group order the eight rungs by what they expect of them before anything is trained, and
# come back to the list at the bars. Ask at rung 1 why one must not stop such a training halfway and quote its accuracy.
# Usual wrong answers: in exercise 1 dividing by the variance and not by its root, or taking the rows of the eigenvectors
# for their columns; in exercise 2 counting one of the two sides alone. To discuss: the ladder was found on the test set,
# by many people over many years. What would you do with a new data set?
