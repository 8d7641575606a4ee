# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Learn in fewer epochs
#
# **Goal:** climb a ladder of eight small changes to one network, see what each of them is for, try some, and learn to
# say how much *faster* a training has become.
#
# The all-convolutional network of lesson 12 takes 50 epochs. K. Jordan's article brings another to 94 % in ten (the
# article's figure), from the same data set. That network is wider; its photographs are shifted and mirrored, and it has
# 5,000 more of them, which lesson 12 keeps for validation. This lesson's ladder keeps width, shifts and number of
# photographs the same and has eight more of the article's changes as rungs: each rung keeps those below it. Which of
# them matters? And how would you know?
#
# | rung | what changes | tried here |
# | --- | --- | --- |
# | 1 | a rate that rises and falls | alone |
# | 2 and 3 | labels that leave room; a first layer that nobody trains | together |
# | 4 and 5 | a start that changes nothing; quick biases | together |
# | 6 and 7 | averaged weights; alternating mirror images | on photographs in full mode only |
# | 8 | six looks at the end | alone |
#
# What each is worth singly, over several seeds, stands further down, in the course's table `ladder`.

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots, verdict_chart
from course_utils.evidence import protocol


def measured(table):  # a line for each of its runs
    return "\n".join(f"{run.data}, seed {run.seed}: {run.seconds / 60:.0f} minutes ({run.hardware}), "
                     f"{run.test_accuracy:.2%}" for run in protocol.rows_of(table).itertuples()) or "not yet measured"


lesson = Lesson("16_fast", mode=mode, seed=seed)
cifar = lesson.load("cifar10")
print(f"The network of lesson 12 in full mode: {evidence.cost_words('all_conv', '', 'full', cifar.label)}.")
print("This lesson's in full mode, with all rungs (time, test accuracy):", measured("fast_cifar10"), sep="\n")

# %% [markdown]
# The last lines are the runs so far of this lesson's network at full size, with eighteen epochs and all rungs, or say
# "not yet measured". Beside lesson 12's line they compare two whole recipes, not the rungs; and times compare only on
# the same machine.
#
# ## The network
#
# One convolution over patches of two by two pixels, then three blocks of two convolutions each. A block halves the
# sides of its maps. At the end each map gives one number, its maximum. New in the code: a GELU is a ReLU with a rounded
# corner; `scale=False` leaves out what the next convolution can nearly do; the division by nine keeps the first answers
# unsure.
#
# On the ladder a training has at most 10,000 photographs, two epochs, batches of 64, and 16, 32 and 32 filters in the
# blocks (smoke mode: fewer). In full mode the last network is then trained on all training photographs, for eighteen
# epochs (longer than the article's ten, so no check of that count), with the article's 64, 256 and 256 filters.

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
    patches = layers.Conv2D(8 * shape[-1], 2, use_bias=False, activation="gelu", name="patches")
    x = patches(layers.Rescaling(1 / 127.5, offset=-1)(inputs))
    if kernels is not None:
        patches.set_weights([kernels])
        patches.trainable = False
    for width in widths:
        x = block(x, width, start)
    x = layers.Rescaling(1 / 9)(layers.Dense(10, use_bias=False)(layers.GlobalMaxPooling2D()(x)))
    return keras.Model(inputs, layers.Softmax(dtype="float32")(x), name="fast_cnn")


# %% [markdown]
# Its training comes next: `rung` says how far up the ladder it is, from 0 to 7. (Rungs 1, 5 and 6 are inside
# `fast.optimizer`.) The sections below tell one by one what the lines are for. `fast.Shown` hands the photographs to
# `fit`, in a new order each epoch, shifted by up to two pixels, half of them mirrored (lesson 14 allows it).

# %%
def train(images, rung, widths, epochs, batch_size, rate, callbacks, mirror=None):
    keras.utils.set_random_seed(seed)
    kernels = fast.whitening(images.x_train) if rung >= 3 else None
    model = build(images.x_train.shape[1:], widths, kernels, fast.Identity() if rung >= 4 else "glorot_uniform")
    mirror = mirror or ("alternate" if rung >= 7 else "random")
    shown = fast.Shown(images.x_train, images.y_train, batch_size, mirror, seed=seed)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.2 if rung >= 2 else 0)
    model.compile(fast.optimizer(rung, rate, len(shown) * epochs), loss, metrics=["accuracy"])
    checked = images.x_val[:2000], keras.utils.to_categorical(images.y_val[:2000], 10)
    return model, model.fit(shown, epochs=epochs, validation_data=checked, validation_batch_size=100,
                            callbacks=callbacks, verbose=0)


# %% [markdown]
# The numbers in it are the article's: Nesterov's momentum 0.85 (each step goes on with 85 % of the last one, and takes
# the slope where that leads), a weight decay, labels smoothed by 0.2, biases at 64 times the rate. (Where its code and
# ours differ, the sources at the end say.)


# %%
import dataclasses

photographs = dataclasses.replace(cifar, x_train=cifar.x_train[:10_000], y_train=cifar.y_train[:10_000])
small, epochs = fast.WIDTHS["smoke" if lesson.mode == "smoke" else "reduced"], lesson.epochs(2, reduced=2)
batch_size, constants, peak = min(fast.FEW, len(photographs.x_train)), (0.0625, 0.125, 0.25), 0.25


def climb(rung, length=epochs, rate=peak, watch=()):
    return train(photographs, rung, small, length, batch_size, rate, [*lesson.callbacks(part=f"rung {rung}"), *watch])


# %% [markdown]
# ## Rung 1: a rate that rises and falls
#
# The bottom of the ladder is stochastic gradient descent with momentum, at one rate from beginning to end. The first
# rung changes the rate alone: from a fifth of its peak it rises for a fifth of the steps, then it falls to zero along a
# cosine. Keras has that schedule ready made (`fast.schedule` adds nothing):
# `CosineDecay(0.2 * peak, steps - rise, warmup_target=peak, warmup_steps=rise)`. Why rise? The usual argument: at a
# random start the slopes are steep and change quickly, and a long step overshoots. (What the rise is worth without the
# fall, the lesson does not measure.)
#
# A constant rate may want to be lower than a peak. So the bottom rung tries three, the rates of the course's table
# `ladder` for batches of this size, and keeps the best on validation. All other rungs have one try, with the highest of
# the three as their peak. That handicaps the first step up; and each rung may want a rate of its own, which only the
# table gives it. (Where the best is the first or the last of its three, a better one may lie beyond.)

# %%
half, batches = max(1, epochs // 2), len(photographs.x_train) // batch_size
falling = {n: [float(fast.schedule(peak, n * batches)(step)) for step in range(n * batches)] for n in (epochs, half)}
plots.lines({"constant, the highest of its three tries": [peak] * epochs * batches, "rung 1": falling[epochs],
             "rung 1, meant to end halfway": falling[half]}, x="step", y="learning rate", limits=(-0.02, 0.42),
            title="A rate that stays, and two that end at zero", alt="A level line, two that rise and fall to zero.")

# %% [markdown]
# A further training goes through all of rung 1's schedule in half the epochs. A callback counts the right answers on
# the training batches, each before the network learns from it: that costs nothing, and shows the whole way. (In the
# first epoch these photographs are new to the network; in the second it has seen nearly all of them once.) Up to 5,000
# photographs of the comparison set (in full mode, which keeps none, of the validation set) judge the networks halfway
# and at the end.
#
# > **Predict:** which is ahead halfway, the best constant rate or rung 1, and which at the end? And is rung 1 halfway
# > behind the training that ends there?

# %%
from keras.callbacks import LambdaCallback
from course_utils.evidence.scoring import score

asked, truth = (cifar.x_compare, cifar.y_compare) if len(cifar.y_compare) else (cifar.x_val, cifar.y_val)


def judge(model):
    return score(model, asked[:5000], truth[:5000], batch_size=100)


midway, right = [], []
# `right` gets the accuracy so far in the epoch, times the batches so far.
halfway = LambdaCallback(on_train_batch_end=lambda batch, logs: right.append(logs["accuracy"] * (batch + 1)),
                         on_epoch_end=lambda epoch, logs: epoch + 1 == half and midway.append(judge(halfway.model)))
bottom = {rate: climb(0, rate=rate, watch=[halfway]) for rate in constants}

# %%
tries = {rate: history.history["val_accuracy"][-1] for rate, (_, history) in bottom.items()}
best = max(tries, key=tries.get)
print(f"Best constant rate, on validation: {best:g} of", ", ".join(f"{at:g} ({end:.1%})" for at, end in tries.items()))
ladder = {0: bottom[best], 1: climb(1, watch=[halfway])}
short, _ = climb(1, length=half, watch=[halfway])

# %%
# The trainings lie in `right` one after the other: the constant rates, rung 1, rung 1 meant to end halfway.
window, tried = max(1, batches // 6), constants.index(best)
share = 100 * np.diff(np.reshape(right, (-1, batches))[:, window - 1 :: window], prepend=0) / window  # a row an epoch
parts = share[epochs * tried :][:epochs], share[-epochs - half : -half], share[-half:]
names = "best constant rate", "rung 1", "rung 1, meant to end halfway"
way = {name: (window * np.arange(1, part.size + 1), part.ravel()) for name, part in zip(names, parts)}
way["halfway"] = [half * batches] * 2, [share.min(), share.max()]
told = "Rung 1 halfway: {:.1f} % right, {:.1f} % if ending there".format(*share[[-epochs - 1, -1], -1])
plots.lines(way, told + cifar.figure_suffix, "step", f"right in the last {window} batches, %", marker="o",
            looks={"halfway": {"color": "k", "linestyle": ":", "marker": None}}, alt=f"Right answers by step. {told}.")
for when, a, b in (("halfway", midway[tried], midway[-2]), ("at the end", judge(bottom[best][0]), judge(ladder[1][0]))):
    print(f"Constant to rung 1, {when}: {evidence.in_pairs(a, b)}.")
print(f"Halfway, from rung 1 passing by to rung 1 ending there: {evidence.in_pairs(*midway[-2:])}.")

# %% [markdown]
# Each printed line compares two networks photograph by photograph: what only the second gets right is *mended*, what
# only the first gets right is *spoiled*. If each of these were a throw of a coin, two standard errors of the difference
# would be twice the root of their number, in photographs (for points, divide by a hundredth of all that were judged).
# The lines say nothing of another seed.
#
# A high rate covers ground, and it jumps about: no two steps agree on where the bottom is. A low rate finds the bottom
# of wherever it stands, if it has the steps to get there. The schedule has both, one after the other, at a price. **The
# curve of such a training must not be read halfway:** in the middle its rate is high, and its accuracy should be worse
# than that of a training which was *meant* to end there. The last line says how far this one run bears it out. (At one
# step all trainings see the same photographs: where all lines dip, these may be harder.)
#
# ## Rung 2: labels that leave room
#
# "It is a cat, for certain" is a label that no softmax can ever reach: its logits (the sums that go into the softmax)
# would have to be infinite, and the network is pulled towards them for ever. **Label smoothing** takes a fifth of the
# certainty and spreads it over all ten classes. This needs labels with a number for each class (**one-hot**: 1 for the
# right one, 0 for the others), and the loss that reads them, `CategoricalCrossentropy(label_smoothing=0.2)`.

# %%
lead = np.linspace(0, 10, 501)  # of the right class's logit over the nine others, all equal
one_hot = np.log1p(9 * np.exp(-lead))
smoothed = one_hot + 9 * 0.02 * lead
at = smoothed.argmin()
lowest = f"a lowest loss, {smoothed[at]:.3f} at a lead of {lead[at]:.1f}"
plots.lines({"one-hot": (lead, one_hot), "smoothed by 0.2": (lead, smoothed), "lowest": (lead[[at]], smoothed[[at]])},
            looks={"lowest": {"color": plots.COLOURS[1], "linestyle": "none", "marker": "o"}}, height=2.8, y="loss",
            title=f"Smoothed: {lowest}; one-hot: none", x="lead of the right logit over the nine others",
            alt=f"Loss against lead: with a one-hot label it falls for ever; with a smoothed one it has {lowest}.")

# %% [markdown]
# With smoothed labels a surer answer costs more beyond the dot, so the logits have a place to stop. The lowest values
# differ: do not compare the losses of rung 1 and rung 2. Compare accuracies, or the cross-entropy against the plain
# labels, which is the loss under "The ladder so far".
#
# ## Rung 3: a first layer that nobody trains
#
# Neighbouring pixels are nearly equal, so the twelve numbers of a patch (two by two pixels, three colours) mostly say
# one thing: how bright it is. The usual argument: what tells a cat from a dog lies in the small differences, and a
# gradient sees the large ones first. **Whitening** turns the numbers so that no two of them correlate, and stretches
# each to the same variance. Take two neighbours (the figure has their red). Their sum and their difference do not
# correlate if both vary alike; each is then divided by its standard deviation.

# %%
pair = cifar.x_train[:250, ::8, 15:17, 0].reshape(-1, 2) / 127.5 - 1  # red of two neighbours, as the network sees it
turned = np.stack([pair.sum(axis=1), pair[:, 0] - pair[:, 1]], axis=1)
drawn, axes = plots.figure(1, 2, height=3.2, subplot_kw={"aspect": "equal"})
for axis, x, y, cloud in zip(axes, ("left", "sum"), ("right", "difference"), (pair, turned / turned.std(axis=0))):
    axis.plot(*cloud.T, ".", markersize=3, alpha=0.5)
    axis.axis(1.05 * np.abs(cloud).max() * np.array([-1, 1, -1, 1]))
    axis.set(xlabel=x, ylabel=y, title=f"{x} and {y}: correlation {np.corrcoef(cloud.T)[0, 1]:.2f}")
axes[1].plot([-1, 1], [0, 0], "k", [0, 0], [-1, 1], "k")
drawn.suptitle("Two neighbouring pixels, and the same turned and stretched" + cifar.figure_suffix, fontsize=11)
plots.show(drawn, f"Scatters of two neighbouring pixels: {'; '.join(axis.get_title() for axis in axes)}.")

# %% [markdown]
# Sum and difference both have the standard deviation 1 (the black bars, one each way). The difference has it from many
# small values and few large ones, where an edge runs between the pixels.
#
# A patch has twelve such directions: first the one along which patches vary most (with the two neighbours, the sum),
# then, of those at right angles to it, the one along which they vary most, and so on. They are the **eigenvectors**
# $v_k$ of the **covariance**, the table of how any two numbers of a patch vary together; the variance along each is its
# **eigenvalue** $\lambda_k$. To whiten a patch $p$, take its part along each direction, and divide by the standard
# deviation:
#
# $$q_k = \frac{v_k \cdot p}{\sqrt{\lambda_k + \varepsilon}} .$$
#
# (The small $\varepsilon$ keeps a direction with hardly any variance from being blown up. With the $v_k$ as the columns
# of a matrix $V$, all parts at once are $V^\top p$.) Weighted sums of a patch are a convolution, and its kernels are
# known before any training. They are set, with their negatives (since a GELU lets one side through), and frozen.

# %%
kernels = fast.whitening(cifar.x_train)
variances = 1 / (kernels[..., :12] ** 2).sum(axis=(0, 1, 2)) - 1e-4  # a kernel is v / sqrt(variance + 1e-4)
shares = [f"{100 * share:.3g} %" for share in variances / variances.sum()]
pictures = kernels[..., :12].transpose(3, 0, 1, 2)
squares = (0.5 + 0.5 * pictures / np.abs(pictures).max(axis=(1, 2, 3), keepdims=True)).repeat(8, 1).repeat(8, 2)
plots.images(np.pad(squares, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=0.5), columns=6, labels=shares,
             title=f"One direction of twelve has {shares[0]} of the variance" + cifar.figure_suffix,
             alt=f"Twelve kernels of two by two pixels, with their shares of the variance: {', '.join(shares)}.")

# %% [markdown]
# Each square is one direction, a kernel of two by two pixels; above it its share of the variance. Zero would be grey,
# as the frames are. The squares of a single colour say how bright and what colour, the others where it changes.
#
# ## Rung 4: start by changing nothing
#
# A convolution that starts at random mixes its maps before it has learned anything (the figure has three, and nothing
# between them). So let filter $k$ start with a 1 in the middle of channel $k$, and 0 elsewhere: it hands its input on.
# (Filters beyond the number of channels start at random; channels beyond the number of filters are not handed on at
# first.)

# %%
maps = {"after the patches": ops.conv((photographs.x_train[:1] / 127.5 - 1).astype("float32"), kernels[..., :16])}
for name, start in (("random start", keras.initializers.GlorotUniform), ("identity start", fast.Identity)):
    maps[name] = maps["after the patches"]
    for layer in range(3):
        maps[name] = ops.conv(maps[name], start(seed + layer)((3, 3, 16, 16)), padding="same")

# %%
shots = np.concatenate([ops.convert_to_numpy(each)[..., :1] for each in maps.values()])
low, high = (np.quantile(shots, q, axis=(1, 2, 3), keepdims=True) for q in (0.02, 0.98))
plots.images(((shots - low) / (high - low)).clip(0, 1), labels=list(maps), columns=3,
             title="One map of sixteen, before and after three untrained convolutions" + cifar.figure_suffix,
             alt="A map of a photograph; three random convolutions on; and three identities on, unchanged.")

# %% [markdown]
# On the right the map has come through unchanged.
#
# ## Rung 5: quick biases
#
# Batch normalisation gives every map the mean 0; its bias then says where the GELU cuts. There are few of these biases,
# and each of them matters for a whole map. At the rate of the kernels they hardly get anywhere in so few steps. This
# rung gives them 64 times the rate. (`fast.optimizer` multiplies the gradients of the variables named `beta` by 64,
# which in gradient descent comes to the same.)
#
# > **Predict:** a rate that rises and falls; labels and patches together; start and biases together. Which adds most
# > to the accuracy after these few epochs? (The answer comes under "The ladder so far".)

# %%
ladder |= {rung: climb(rung) for rung in (3, 5)}

# %%
for rung, what in ((3, "at the rate of all"), (5, "at 64 times the rate, and with the identity start")):
    biases = [np.ravel(each) for each in ladder[rung][0].trainable_variables if each.path.endswith("beta")]
    print(f"Rung {rung}, {what}: biases end {np.abs(np.concatenate(biases)).mean():.2f} away from 0 on average.")

# %% [markdown]
# ## Rung 6: the average of where you have been
#
# While the rate is high the weights wander around a low place and are rarely in it. Their average over the last steps
# should be closer to it. In Keras averaging takes two words of the optimiser, `SGD(rate, use_ema=True,
# ema_momentum=0.95)`, and at the end of `fit` the average takes the place of the weights. (Batch normalisation keeps
# the last weights' means: at a rate near zero that should do little harm.)
#
# But what is left to do for an average when the rate falls to zero anyway? An imagined valley with noisy steps shows
# it, with a constant rate and with that of rung 1.

# %%
random, start = np.random.default_rng(seed), np.full((2, 500, 2), 3.0)  # two rates, 500 walks, two weights
path, mean, schedule = [start], [start], fast.schedule(0.15, 120)
for step in range(120):
    rates = np.array([0.15, float(schedule(step))])[:, None, None]
    path.append(path[-1] - rates * (path[-1] * [1.0, 3.0] + random.normal(0, 2.5, (500, 2))))
    mean.append(0.95 * mean[-1] + 0.05 * path[-1])
away = np.linalg.norm([path[-1], mean[-1]], axis=-1).mean(axis=-1)  # of weights and average, at either rate
told = [f"{r}, mean of 500:\nends {w:.2f} away, average {m:.2f}" for r, (w, m) in zip(("constant", "falling"), away.T)]

# %%
drawn, axes = plots.figure(1, 2, height=3.8, sharex=True, sharey=True, subplot_kw={"aspect": "equal"})
for which, axis in enumerate(axes):
    axis.plot(*np.array(path)[:, which, 0].T, "o-", color="0.6", lw=0.7, ms=11, mfc="none", mec="k", markevery=[120])
    axis.plot(*np.array(mean)[:, which, 0].T, "s--", color=plots.COLOURS[0], ms=5, mec="k", markevery=[120])
    axis.plot(0, 0, "k+", ms=14)
    axis.set(title=told[which], xlabel="one weight", ylabel="another")
axes[0].legend(["weights (the last: ring)", "average (square)", "lowest"], loc="upper left", fontsize=8, frameon=False)
drawn.suptitle("How far from the lowest place weights and average end", fontsize=11)
plots.show(drawn, f"One walk of two weights at either rate. {'; '.join(told)}.".replace("\n", " "))

# %% [markdown]
# One walk is drawn; the numbers are means of 500, after the last step. Compare the weights of the right panel with the
# average of the left: many small steps in a row average their noise themselves, so a falling rate does most of the
# average's work. A network is no such valley: the table below tries averaging on one.
#
# ## Rung 7: coins repeat what they show
#
# Every photograph is shown mirrored or not. A coin that is thrown anew in each epoch shows many photographs from the
# same side twice or three times in a row. With **alternating** each photograph has one coin, in the first epoch; from
# then on its two sides take turns.
#
# > **Predict:** after three epochs with coins, what share of the photographs has been seen from one side only?

# %%
first = random.random(1000) < 0.5
views = {how: np.array([fast.mirrored(how, first, e, random) for e in range(3)]) for how in ("random", "alternate")}
once = {how: (seen.min(axis=0) == seen.max(axis=0)).mean() for how, seen in views.items()}
drawn, axes = plots.figure(1, 2, height=2.8, sharey=True)
for axis, (how, seen) in zip(axes, views.items()):
    axis.imshow(seen[:, :24], cmap="Greys", aspect="auto", extent=(0.5, 24.5, 3.5, 0.5))
    axis.set(title=f"{how}: one side only, {once[how]:.0%}", xlabel="photograph", ylabel="epoch", yticks=(1, 2, 3))
drawn.suptitle("Mirrored photographs (black); shares of 1,000, after these three epochs", fontsize=11)
plots.show(drawn, "24 photographs, mirrored or not, by epoch. " + "; ".join(axis.get_title() for axis in axes) + ".")

# %% [markdown]
# (Exercise 2 asks for the formula.)
#
# ## The ladder so far
#
# The rungs trained so far, in pairs again, on the whole comparison set (in full mode, on the validation set):

# %%
import itertools

scored = {rung: score(model, asked, truth) for rung, (model, _) in ladder.items()}
hit = {rung: 100.0 * (each.predictions.argmax(axis=1) == each.labels) for rung, each in scored.items()}
gains = {(a, b): hit[b] - hit[a] for a, b in [*itertools.pairwise(ladder), (0, 5)]}  # for each photograph
for a, b in gains:
    print(f"Rung {a} to {b}: {evidence.in_pairs(scored[a], scored[b])}. Loss: {scored[b].loss - scored[a].loss:+.3f}.")
_, second, (a, b) = sorted(list(gains)[:3], key=lambda step: gains[step].mean())
lead = gains[a, b] - gains[second]
print(f"Most: {a} to {b}, {lead.mean():.2f} points ahead; two standard errors {2 * lead.std() / len(lead) ** 0.5:.2f}.")

# %% [markdown]
# Only where the lead over the next is more than its two standard errors is your prediction answered, and then for one
# seed, at one peak for all rungs above the bottom, and for most rungs in twos. The loss may tell another story than the
# accuracy. Smoothed labels teach a network to hedge, and the cross-entropy against the plain labels charges for that on
# right answers and rewards it on wrong ones. So a network may be right more often and have the *higher* loss.
#
# ## Rung 8: look six times
#
# At the end we may look at each photograph more than once: as it is, a pixel up and left, a pixel down and right, and
# the three mirrored. The network answers six times, and its probabilities are averaged (the two that are not moved
# count double). This costs no training, and six times the time to answer; and an average can be worse than one look.
# (Rung 5's network looks, in full mode rung 7's: this was fixed beforehand.)
#
# > **Predict:** how many wrong answers does it mend for each right one that it spoils?

# %%
final, history = ladder[5]
if lesson.mode == "full":
    final, history = train(cifar, 7, fast.WIDTHS["full"], 18, 512, 0.75, lesson.callbacks("Rungs 1 to 7"))
six = fast.look_six_times(final)

# %%
one_look, six_looks = judge(final), judge(six)
print(f"From one look to six, {one_look.n:,} photographs: {evidence.in_pairs(one_look, six_looks)}.")

# %%
names, (one, average) = cifar.class_names, (set(each.mistakes) for each in (one_look, six_looks))
examples = [min(changed) for changed in (one - average, average - one) if changed] or [0]
said = [f"{names[six_looks.predictions[e].argmax()]} ({'wrong' if e in average else 'right'})" for e in examples]
seen = ops.convert_to_numpy(ops.concatenate([look for e in examples for look, _ in fast.looks(asked[[e]])]))
labels = [f"{names[each.argmax()]}, {each.max():.0%}" for each in final.predict(seen, verbose=0)]
plots.images(seen / 255, columns=6, labels=labels, title=f"Six looks say {', then '.join(said)}" + cifar.figure_suffix,
             alt=f"Six looks say {', then '.join(said)}. Each look by itself: {', '.join(labels)}.")

# %% [markdown]
# The figure has the first photograph that the average mended and the first that it spoiled, if there are such; the line
# above counts them all. From left to right: as it is, moved up and left, down and right; then the three mirrored. The
# same thing, moved by a pixel or mirrored, and the network may say something else: that is what the average is for, and
# it cuts both ways.
#
# ## What each is worth singly
#
# The course's table `ladder` has some two hundred runs of the small network, on as many photographs as here. It
# compares each rung with the one below: eight epochs, five seeds, the best of three rates (chosen on validation, with
# other seeds), and the verdicts of lesson 10.
#
# > **Predict:** which rungs are worth more than the luck of seeds and photographs?

# %%
table, lengths = protocol.table("ladder"), (4, 8, 16)
steps = verdict_chart.draw(dict(zip(fast.RUNGS[1:], table.compare)), "Each rung against the one below", "ladder")
rates = [protocol.chosen(table, arm)["learning_rate"] for name, arm in table.arms.items() if name.endswith("_8")]
for (name, step), below, rate in zip(steps.items(), rates, rates[1:]):
    print(f"{name}: {step.verdict}, {100 * step.mean:+.2f} points, rate {rate:g} (the rung below: {below:g})")

# %% [markdown]
# (Rates tried: 1, 2 and 4 per 1,024 photographs of a batch; 4 is the peak of 0.25 above. So 1 and 4 are the ends: where
# a line names one of them, on either side, a better rate may lie beyond, and the step may be smaller or larger with
# it.) A rung without a detectable difference has not been shown to be useless: it may need more epochs, a wider network
# or more seeds, or help only without the rungs below it. *Suggestive* with a minus leans towards harm, unproved.
#
# Now lay your own steps beside the table's. (Where you took several at once, the table's are added, seed by seed.)

# %%
yours = {f"{a} to {b}": gain.mean() for (a, b), gain in gains.items()}
theirs = {f"{a} to {b}": 100 * sum(np.array(steps[r].differences) for r in fast.RUNGS[a + 1 : b + 1]) for a, b in gains}
told = [f"Rung {up}: {yours[up]:+.1f} points with you, {of.mean():+.1f} in the table" for up, of in theirs.items()]
plots.dots(theirs, told[1] + cifar.figure_suffix, mark=yours, alt="; ".join(told) + ".",
           x="gain by rung, points of accuracy (star: yours; dots: the table's seeds, bar: their mean)")

# %% [markdown]
# Your lines under "The ladder so far" may call a step more than chance where the table has hardly anything: they know
# of the choice of images alone. Where a star lies off its dots, the seed, the rate or the length (two epochs with you,
# eight in the table) may be why; in a wide network a rung may even do the opposite.
#
# ## Where the time goes
#
# A recipe that is fast on paper may wait for its photographs. So measure a step, and the part of it that draws, shifts
# and mirrors a batch before anything is trained.

# %%
from timeit import default_timer, repeat

shown = fast.Shown(photographs.x_train, photographs.y_train, batch_size, "alternate")
# `short` is needed no more. The quickest of five: whatever else runs on the machine can only add to a time.
draw, both = (min(repeat(do, number=1)) for do in (lambda: shown[1], lambda: short.train_on_batch(*shown[0])))
print(f"Drawing: {draw / both:.1%} of a step; {draw / (draw + (both - draw) / 100):.0%} if training took a hundredth.")

# %% [markdown]
# The shares belong to the machine, not to the recipe, and the second is reckoned, not measured: a machine that trains
# faster may have to wait for its photographs.
#
# ## How much faster?
#
# "Faster" needs a target and a count: **epochs to an accuracy**. (Epochs are not time: one of a wider network takes
# longer. And rung 8 may save epochs, but answers six times as slowly.)
#
# For a rate that falls to zero at its end the count cannot be read off a curve: remember rung 1. It takes *several
# whole trainings of different lengths*. The table `ladder` has each rung with 4, 8 and 16 epochs, all at the rate that
# was best for 8 (at 16 the bottom rung may want another, and the target would then be higher). Its target was named
# before the runs were made: what the bottom rung reaches in 16, on validation.
#
# > **Predict:** how many epochs does the whole ladder need for what the bottom rung reaches in 16?

# %%
needed, reached = evidence.epochs_needed(table, "constant", lengths), evidence.end_accuracies(table, lengths)
some = {f"{i} {fast.RUNGS[i]}": (lengths, 100 * np.mean(reached[[*needed][i]], axis=1)) for i in (0, 1, 3, 5, 8)}
target = some[f"0 {fast.RUNGS[0]}"][1][-1]
plots.lines(some | {"target": (lengths, [target] * 3)}, log_x=True, ticks=lengths, marker="o", at_ends=True, height=3.8,
            looks={"target": {"color": "black", "linestyle": "--", "marker": None}}, x="epochs of the whole training",
            y="validation accuracy at its end, %", alt="Accuracy by length, five rungs, and a level line, the target.",
            title=f"Epochs to {target:.1f} %: 16 at the bottom, {needed['looks']} with all rungs")

# %% [markdown]
# Each point is the mean of five trainings that were meant to end there. Where a rung's line crosses the level one, that
# many epochs would have been enough (between two lengths we trust the straight line). Our counts, read for each seed
# and averaged, with intervals over the seeds, beside the article's (where a seed lies outside the three lengths, read
# off the mean line, without an interval; the bottom rung has 16 by definition, and the target is taken as given):

# %%
article = ("not told", "not told", 45, 21, 18, 13.5, 12, "9.9, with rung 8", "10.8, before rung 7")  # rung by rung
print(f"Epochs to 94 % of the test set (article), and to {target:.1f} % of validation (ours; intervals over seeds):")
for i, (theirs, ours) in enumerate(zip(article, needed.values())):
    print(f"{i} {fast.RUNGS[i]:24} article {theirs!s:20} ours {ours}")

# %% [markdown]
# Compare ratios only, of one count to the next: the article's network is wider, learned from five times as many
# photographs, of the original images (the table's are a re-encoded copy, with less of the fine colour that whitening
# enlarges), and was counted on the *test* set. Its ladder begins at our rung 2, with two looks (a photograph and its
# mirror image), and takes the six looks before the alternating. (For that beginning its text says 45 epochs, a table
# beside its code 35. So whitening is worth a factor of 2.1 there, or of 1.7.)
#
# Two cautions. The article's ladder is a *search*: its rungs and its epoch counts are judged on the test set. Lesson 15
# says what that costs: with 10,000 test photographs, probably little. And a ladder has an order: a rung that is worth
# three epochs at the bottom may be worth none at the top.
#
# ## Is your number normal?
#
# The network is chosen, and the seal is opened once: for one look, since the other networks of the chart looked once.
# (In full mode for six, as the article's network: there the chart may favour ours.)

# %%
chosen, looks, rung = (six, 6, 7) if lesson.mode == "full" else (final, 1, 5)
record = lesson.record(chosen, "fast_cnn", history=history, test=lesson.final_test(chosen), rung=rung, looks=looks)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# The chart does not say which network is *faster*: a place on it says nothing of the cost.
#
# ## Seconds to one mistake in a hundred
#
# Lesson 02's network takes twelve epochs for 99.12 % of the digits (the figure is that lesson's article's). What do the
# rungs reach in seconds? Here the small network has two epochs of 30,000 digits (in full mode, of all but those kept
# for validation), and the clock runs from the first weight to the last. Mirror images stay out: lesson 06 showed what
# they do to a digit.
#
# > **Predict:** how many seconds does your machine take, and does it come down to one mistake in a hundred?

# %%
from course_utils import data

digits, began = data.load("mnist", lesson.mode, seed, {"reduced": 30_000}.get(lesson.mode)), default_timer()
quick, _ = train(digits, 7, small, epochs, 2 * batch_size, peak, lesson.callbacks(part="digits"), mirror="never")
others = (digits.x_compare, digits.y_compare) if len(digits.y_compare) else (digits.x_val, digits.y_val)
print(f"{default_timer() - began:.0f} seconds; {score(quick, *others).accuracy:.2%} of others right{digits.suffix}.")
print(f"Lesson 02's baseline in full mode: {evidence.cost_words('baseline_cnn', '', 'full', 'mnist')}.")
print("The wide network in full mode, twelve epochs (time, test accuracy):", measured("best_mnist"), sep="\n")

# %% [markdown]
# One run and no rival at an equal price: the first line says what is possible, not which rung did it. (Its digits were
# only shifted. The wide network has the article's widths, and gets digits that are turned and zoomed, too.)
#
# ## Exercise 1: whiten
#
# > Write `whiten`. It gets `patches`, an array with a row for each patch and a column for each number, and `epsilon`.
# > It returns an array of the same shape whose columns do not correlate and, with `epsilon` 0, have variance 1.
# > `np.cov(patches, rowvar=False)` is the covariance, `np.linalg.eigh` returns its eigenvalues, and its eigenvectors.


# %%
def whiten(patches, epsilon):
    ...


# %% tags=["nbval-check-output"]
lesson.check_whiten(whiten)

# %% [markdown]
# ## Exercise 2: what coins leave unseen
#
# > A fair coin decides in each epoch whether a photograph is mirrored. After `epochs` of them, what share of the
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
# * Which of the changes matters? Here, with the rates that were tried, those that the table says help; of the others we
#   do not know. To know, ask each singly, each at its best rate, from several seeds. Several changes in one step, from
#   one seed and at one rate, give a hint and no verdict.
# * "Faster" is a number of epochs to a target, for one network and one set of photographs, from whole trainings of
#   different lengths; the curve of a falling rate must not be read halfway.
# * To look several times costs no training. It mends more answers than it spoils, or it is not worth it: count both.
#
# So much for being right sooner. Is a network also right as often as it *says*? [Lesson 17](17_beyond_accuracy.ipynb)
# asks that.
#
# ## Sources
#
# * K. Jordan, *94% on CIFAR-10 in 3.29 seconds on a single GPU*, 2024: the article of this lesson, network and ladder.
#   Where its code differs from ours: its rate falls in a straight line, to a fourteenth of the peak; its first layer
#   has a bias, which learns for three epochs; its average is written back into the weights every five steps; its
#   weight decay goes through the momentum, ours past it; of its several looks it averages the logits, and we the
#   probabilities (in both the two that are not shifted count double).
# * L. Smith and N. Topin, *Super-convergence*, 2018: a rate that rises and falls.
# * C. Szegedy and others, *Rethinking the Inception architecture for computer vision*, 2016: label smoothing.
# * P. Izmailov and others, *Averaging weights leads to wider optima and better generalization*, 2018.
# * D. Page, *How to train your ResNet*, 2018 to 2019: whitened patches, quick biases, several looks.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group order the eight rungs by what they expect of them before anything is trained,
# and come back to the list under "What each is worth singly" and at the epochs that each rung needs. Ask at rung 1 why
# one must not stop such a training halfway and quote its accuracy. Likely wrong answers: in exercise 1 dividing by the
# variance and not by its root, or taking the rows of the eigenvectors for their columns; in exercise 2 counting one of
# the two sides alone. To discuss: the ladder was found on the test set, by many people over many years. What would you
# do with a new data set?
