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
# **Goal:** climb a ladder of eight small changes to one network, see what each of them does, and learn to say how much
# *faster* a training has become.
#
# The all-convolutional network of lesson 12 takes 50 epochs. K. Jordan's article trains another on the same photographs
# in ten, and its network ends at 94 % (the article's figure). More data had no part in that. The network is another one,
# and wider; its photographs are shifted and mirrored. This lesson holds nearly all that fixed and changes the rest: the
# learning rate, the labels, the start, the weights at the end. Which of these changes matters? And how would you know?

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
print(f"The network of lesson 12 in full mode: {evidence.cost_words('all_conv', '', 'full', cifar.label)}.")

# %% [markdown]
# ## The network
#
# One convolution over patches of two by two pixels, then three blocks of two convolutions each. A block halves the sides
# of its maps. At the end each map gives one number, its maximum. (A GELU is a ReLU with a rounded corner. `scale=False`:
# what a scale does, the next convolution can nearly do. The division by nine keeps the first answers unsure.)
#
# Whatever climbs the ladder here is trained on at most 10,000 photographs, two epochs, in batches of 64, with 16, 32 and
# 32 filters in the blocks (smoke mode: fewer). In full mode the last one is then trained on all of them, twelve epochs,
# with the article's 64, 256 and 256 filters.

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
    return model, model.fit(shown, epochs=epochs, validation_data=checked, validation_batch_size=100,
                            callbacks=callbacks, verbose=0)  # fmt: skip


# %% [markdown]
# The numbers in it are the article's: Nesterov's momentum 0.85, a weight decay, labels smoothed by 0.2, biases at 64
# times the rate. (Where its code and ours differ, the sources at the end say.)


# %%
import dataclasses

photographs = dataclasses.replace(cifar, x_train=cifar.x_train[:10_000], y_train=cifar.y_train[:10_000])
small, epochs = fast.WIDTHS["smoke" if lesson.mode == "smoke" else "reduced"], lesson.epochs(2, reduced=2)
batch_size, peak = min(fast.FEW, len(photographs.x_train)), 0.25


def climb(rung, length=epochs, watch=()):
    watch = [*lesson.callbacks(part=f"rung {rung}, {fast.RUNGS[rung]}"), *watch]
    return train(photographs, rung, small, length, batch_size, peak, watch)


# %% [markdown]
# ## Rung 1: a rate that rises and falls
#
# The bottom of the ladder is stochastic gradient descent with momentum, at one rate from beginning to end. The first
# rung changes the rate alone: it rises for a fifth of the steps, then falls to zero along a cosine. Keras has that
# schedule ready made, `CosineDecay(0.2 * peak, steps - rise, warmup_target=peak, warmup_steps=rise)`; `fast.schedule`
# adds nothing.

# %%
half, batches = max(1, epochs // 2), len(photographs.x_train) // batch_size
falling = {n: [float(fast.schedule(peak, n * batches)(step)) for step in range(n * batches)] for n in (epochs, half)}
plots.lines(
    {"constant": [peak] * epochs * batches, "rung 1": falling[epochs], "rung 1, meant to end halfway": falling[half]},
    title="A rate that stays, and two that end at zero", x="step", y="learning rate", limits=(-0.02, 0.42),
    alt="Learning rate against step: a level line, and one that rises and falls to zero; that in half the steps.",
)  # fmt: skip

# %% [markdown]
# A third training has the shape of rung 1 in half the epochs. And since validation has few photographs, we shall look at
# up to 5,000 of the comparison set as well: at rung 1 when it is halfway, and at the one that was meant to end there.
#
# > **Predict:** which of the first two is ahead after the first epoch, and which after the last? And is rung 1 halfway
# > behind the training that ends there?

# %%
from course_utils.evidence.scoring import score

asked, truth = (cifar.x_compare, cifar.y_compare) if len(cifar.y_compare) else (cifar.x_val, cifar.y_val)


def judge(model):
    return score(model, asked[:5000], truth[:5000], batch_size=100)


on_its_way = []
halfway = keras.callbacks.LambdaCallback(
    on_epoch_end=lambda epoch, logs: epoch + 1 == half and on_its_way.append(judge(halfway.model))
)
ladder = {0: climb(0), 1: climb(1, watch=[halfway])}
short, brief = climb(1, length=half)

# %%
runs = {"constant": ladder[0], "rung 1": ladder[1]}
curves = {name: 100 * np.array(run.history["val_accuracy"]) for name, (_, run) in runs.items()}
read, meant, star = curves["rung 1"][half - 1], 100 * brief.history["val_accuracy"][-1], "rung 1, meant to end here"
plots.lines(
    curves | {star: ([half], [meant])}, x="epoch", y="validation accuracy, %", marker="o", ticks=range(1, epochs + 1),
    looks={star: {"marker": "*", "markersize": 14, "linestyle": "none", "color": plots.COLOURS[2]}},
    title=f"Rung 1 after epoch {half}: {read:.1f} % on its way, {meant:.1f} % at its end" + cifar.figure_suffix,
    alt="Validation accuracy: " + "; ".join(f"{name} ends at {values[-1]:.1f} %" for name, values in curves.items())
    + f"; {star}: {meant:.1f} %.",
)  # fmt: skip
first, last = (max(curves, key=lambda name: curves[name][e]) for e in (0, -1))
print(f"Ahead after the first epoch: {first}; after the last: {last}.")
print(f"From halfway to meant to end: {evidence.in_pairs(on_its_way[0], judge(short))}.")

# %% [markdown]
# The last line counts photograph by photograph, in pairs: the answers that are right only now (mended), and those that
# were right before (spoiled). If each of them were a throw of a coin, two standard errors of the difference would be
# twice the root of their number.
#
# A high rate covers ground, and it jumps about: no two steps agree on where the bottom is. A low rate finds the bottom of
# wherever it stands, if it has the steps to get there. The schedule has both, one after the other. It has a price that is
# easily overlooked. **The curve of such a training must not be read halfway:** in the middle its rate is high, and its
# accuracy should be worse than that of a training which was *meant* to end there. The reason is the rate; the pairs say
# how far this one run bears it out. We shall need that below. (A constant rate may be read anywhere: a training meant to
# end there would have taken the same steps.)
#
# Is the bottom rung treated fairly? Not quite: a constant rate may want to be lower than a peak, and the better of
# several would be its due. Here all rungs have one peak, the highest of the three that the course's table `ladder`
# tries, for each rung on its own, in batches of this size.
#
# ## Rung 2: labels that leave room
#
# "It is a cat, for certain" is a label that no softmax can ever reach: its logits would have to be infinite, and the
# network is pulled towards them for ever. **Label smoothing** takes a fifth of the certainty and spreads it over all ten
# classes. This needs labels with a number for each class, **one-hot**, and the loss that reads them,
# `CategoricalCrossentropy(label_smoothing=0.2)`.

# %%
lead = np.linspace(0, 10, 501)  # of the right class's logit over the nine others, all equal
one_hot = np.log1p(9 * np.exp(-lead))
smoothed = one_hot + 9 * 0.02 * lead
lowest = f"a lowest loss, {smoothed.min():.3f} at a lead of {lead[smoothed.argmin()]:.1f}"
plots.lines(
    {"one-hot": (lead, one_hot), "smoothed by 0.2": (lead, smoothed)}, height=2.8,
    title=f"Smoothed: {lowest}; one-hot: none", x="lead of the right logit over the nine others",
    y="loss", alt=f"Loss against lead: with a one-hot label it falls for ever; with a smoothed one it has {lowest}.",
)  # fmt: skip

# %% [markdown]
# So do not compare the losses of rung 1 and rung 2: each counts from another lowest value. Accuracies can be compared,
# and `lesson.compare` gives the cross-entropy against the plain labels.
#
# ## Rung 3: a first layer that nobody trains
#
# Neighbouring pixels are nearly equal, so the twelve numbers of a patch (two by two pixels, three colours) mostly say
# one thing: how bright it is. What tells a cat from a dog lies in the small differences, and a gradient sees the large
# ones first. **Whitening** turns the twelve numbers so that no two of them correlate, and stretches each to the
# same variance. There are twelve directions, at right angles to each other, along which the parts of the patches do not
# correlate: the **eigenvectors** of their covariance $C$, the columns of $V$. The variance along each is its
# **eigenvalue**; these stand on the diagonal of $\Lambda$, and $C = V \Lambda V^\top$. So take of a patch $p$ its part
# along each direction, $V^\top p$, and divide each part by its standard deviation:
#
# $$q = (\Lambda + \varepsilon)^{-1/2}\, V^\top p .$$
#
# (The small $\varepsilon$ keeps a direction with hardly any variance from being blown up.) That is a matrix product: a
# convolution, whose kernels are known before any training. They are set, with their negatives (since a GELU lets one side
# through), and frozen.

# %%
kernels = fast.whitening(cifar.x_train)
variances = 1 / (kernels[..., :12] ** 2).sum(axis=(0, 1, 2)) - 1e-4
pictures = kernels[..., :12].transpose(3, 0, 1, 2)
plots.images(
    0.5 + 0.5 * pictures / np.abs(pictures).max(axis=(1, 2, 3), keepdims=True), columns=6,
    title=f"One direction of twelve has {variances[0] / variances.sum():.0%} of the variance" + cifar.figure_suffix,
    labels=[f"{100 * share:.2g} %" for share in variances / variances.sum()],
    alt="Twelve kernels with their shares of the variance: the first even, then slopes and colours, at last checks.",
)

# %% [markdown]
# Each square is one direction, a kernel of two by two pixels, grey being zero; above it its share of the variance. The
# even ones say how bright and what colour, the others where it changes.
#
# ## Rung 4: start by changing nothing
#
# A convolution that starts at random stirs its input before it has learned anything, and six of them stir thoroughly
# (the figure has three, and nothing between them). So let filter $k$ start with a 1 in the middle of channel $k$, and 0
# elsewhere: it hands its input on. (Filters that are left over start at random; channels that are left over, here eight
# of the patches' 24, are not handed on at first.)

# %%
photo = photographs.x_train[:1] / 127.5 - 1
seen = {"after the patches": ops.conv(photo.astype("float32"), kernels[..., :16], padding="valid")}
for name, start in (("random start", keras.initializers.GlorotUniform), ("identity start", fast.Identity)):
    maps = seen["after the patches"]
    for layer in range(3):
        maps = ops.conv(maps, start(seed + layer)((3, 3, 16, 16)), padding="same")
    seen[f"{name}, 3 layers on"] = maps

# %%
shots = np.concatenate([ops.convert_to_numpy(maps)[..., :1] for maps in seen.values()])
low, high = (np.quantile(shots, q, axis=(1, 2, 3), keepdims=True) for q in (0.02, 0.98))
plots.images(((shots - low) / (high - low)).clip(0, 1), labels=list(seen), columns=3,
             title="What three untrained convolutions leave of a photograph" + cifar.figure_suffix,
             alt="The first map of a photograph: behind the patches, behind three convolutions that started at random, "
             "and behind three that started as the identity, which left it as it was.")  # fmt: skip

# %% [markdown]
# ## Rung 5: quick biases
#
# Batch normalisation gives every map the mean 0; its bias then says where the GELU cuts. There are few of these biases,
# and each of them matters for a whole map. At the rate of the kernels they hardly get anywhere in so few steps. This rung
# gives them 64 times the rate. (In gradient descent a gradient 64 times as large is a rate 64 times as high:
# `fast.optimizer` multiplies those of the variables named `beta`.)
#
# > **Predict:** a rate that falls; labels and patches together; start and biases together. Which of the three adds most
# > to the accuracy after these few epochs? (The answer comes below rung 7.)

# %%
ladder |= {rung: climb(rung) for rung in (3, 5)}

# %%
def biases_of(model):
    return np.concatenate([np.ravel(v) for v in model.trainable_variables if v.path.endswith("beta")])


biases = {"rung 3, the rate of all": biases_of(ladder[3][0]),
          "rung 5, 64 times that; identity start": biases_of(ladder[5][0])}
spread = [np.abs(values).mean() for values in biases.values()]
plots.histograms(biases, x="bias at the end (height: how many)",
                 title=f"Quick biases end {spread[1] / spread[0]:.1f} times as far from 0" + cifar.figure_suffix,
                 alt=f"Histograms of the biases: mean size {spread[0]:.3f} on rung 3 and {spread[1]:.3f} on rung 5.")

# %% [markdown]
# ## Rung 6: the average of where you have been
#
# While the rate is high the weights wander around a low place and are rarely in it. Their average over the last steps
# should be closer to it. An imagined valley with noisy steps shows it. In Keras it takes two words of the optimiser,
# `SGD(rate, use_ema=True, ema_momentum=0.95)`, and at the end of `fit` the average takes the place of the weights. (Batch
# normalisation keeps the means of the last weights: harmless, if the rate is nearly zero by then.)

# %%
random = np.random.default_rng(seed)
path, mean = [np.full((500, 2), 3.0)], [np.full((500, 2), 3.0)]  # 500 walks, two weights each
for _ in range(120):
    path.append(path[-1] - 0.15 * (path[-1] * [1.0, 3.0] + random.normal(0, 2.5, (500, 2))))
    mean.append(0.95 * mean[-1] + 0.05 * path[-1])
ends = [np.linalg.norm(each[-40:], axis=2).mean() for each in (path, mean)]
plots.lines(
    {"weights": tuple(np.array(path)[:, 0].T), "their average": tuple(np.array(mean)[:, 0].T), "lowest": ([0], [0])},
    title=f"One walk of 500. Last 40 steps of all: {ends[0]:.2f} from the lowest point, averages {ends[1]:.2f}",
    x="one weight", y="another",
    alt="A jagged path of two weights around the lowest point, and its average, which wanders much less.",
    looks={"weights": {"color": "#999999"}, "lowest": {"marker": "*", "markersize": 12, "linestyle": "none"}},
)  # fmt: skip

# %% [markdown]
# How much of that is left when the rate falls to zero anyway? Less: a falling rate averages too, in its way. The table
# below is to say how much.
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
    axis.axhline(2.5, color=plots.COLOURS[1])
    axis.set_title(f"{how}: one side only, {once[how]:.0%}", fontsize=9)
    axis.set(xlabel="photograph", yticks=range(8), yticklabels=range(1, 9))
axes[0].set_ylabel("epoch")
drawn.suptitle("Mirrored photographs (black); shares of 1,000 after three epochs, at the line", fontsize=11)
plots.show(drawn, f"Mirrored or not, 24 photographs in eight epochs: by coins, and in turn. After three epochs "
           f"{once['random']:.0%} and {once['alternate']:.0%} of 1,000 have been seen from one side only.")

# %% [markdown]
# (Exercise 2 asks for the formula.) Here is the ladder as far as it was trained. The rungs 6 and 7 were not: with a rate
# that ends at zero the average has little left to do, and what the coins cost is likely to be less than another seed
# would move. Only the table below, with its five seeds, can say what they are worth.

# %%
scored = {rung: lesson.compare(model) for rung, (model, _) in ladder.items()}
added = {0: "constant rate", 1: "+ falling rate", 3: "+ labels, patches", 5: "+ start, biases"}
reached = {f"{rung} {what}": [100 * scored[rung].accuracy] for rung, what in added.items()}
plots.dots(
    reached, spread={name: 2 * (a * (100 - a) / scored[0].n) ** 0.5 for name, (a,) in reached.items()},
    title=f"From {100 * scored[0].accuracy:.0f} to {100 * scored[5].accuracy:.0f} % in the same epochs"
    + cifar.figure_suffix, x="comparison accuracy, % (line: two standard errors, of the images alone)",
    alt="Accuracy: " + ", ".join(f"rung {name} {a:.1f} %" for name, (a,) in reached.items()) + ".",
)  # fmt: skip

# %% [markdown]
# In pairs again, and now on the whole comparison set:

# %%
import itertools

steps = list(itertools.pairwise(ladder))
for below, rung in [*steps, (0, 5)]:
    print(f"From rung {below} to {rung}: {evidence.in_pairs(scored[below], scored[rung])}.")
gains = sorted(((len(scored[a].mistakes) - len(scored[b].mistakes), f"{a} to {b}") for a, b in steps), reverse=True)
points = [f"from rung {step}, {100 * mended / scored[0].n:+.1f} points" for mended, step in gains]
print("Most:", "; then ".join(points) + ".")

# %% [markdown]
# So your prediction is answered, for this seed. Another start moves each of these figures too, and probably by more than
# the choice of images does: on the chart at the end of this lesson runs of one and the same network, from different
# seeds, lie several points apart. A lead of less than that is no verdict. And a step over several rungs says nothing of
# each alone: the biases went far on rung 5, but the identity start is in that step as well. Only whole trainings, several
# of them, can tell.
#
# Look at the losses above, too: from rung 1 to 3, do they follow the accuracy? The smoothed labels are the likely reason:
# they teach a network to hedge. Lesson 17 asks what its percentages are worth.
#
# ## Rung 8: look six times
#
# At the end we may look at each photograph more than once: as it is, a pixel up and left, a pixel down and right, and
# the three mirrored. The network answers six times, and its probabilities are averaged (the two that are not moved
# count double). This costs no training, and six times the time to answer. Nothing says that an average cannot be worse.
# (The network that looks is that of rung 5, the highest one trained here. That was fixed beforehand; the comparison has
# no say in it.)
#
# > **Predict:** how many wrong answers does it mend for each right one that it spoils?

# %%
final, history = ladder[5]
if lesson.mode == "full":
    watch = lesson.callbacks("The whole ladder, on all photographs")
    final, history = train(cifar, 7, fast.WIDTHS["full"], 12, 512, 0.75, watch, "alternate")
six = fast.look_six_times(final)

# %%
one_look, six_looks = judge(final), judge(six)
print(f"From one look to six, {one_look.n:,} photographs: {evidence.in_pairs(one_look, six_looks)}.")

# %%
example = min(set(one_look.mistakes) ^ set(six_looks.mistakes), default=0)
seen = [ops.convert_to_numpy(images)[0] for images, _ in fast.looks(asked[example : example + 1])]
believed = final.predict(np.stack(seen), verbose=0)
ways = ("as it is", "up, left", "down, right", "mirrored", "up, right", "down, left")
labels = [f"{way}:\n{cifar.class_names[p.argmax()]}, {p.max():.0%}" for way, p in zip(ways, believed)]
once_said, said = (cifar.class_names[each.predictions[example].argmax()] for each in (one_look, six_looks))
plots.images(
    np.stack(seen) / 255, columns=6, labels=labels,
    title=f"One look: {once_said}; six: {said}; it is: {cifar.class_names[truth[example]]}" + cifar.figure_suffix,
    alt="One photograph six times, moved and mirrored, with the answers: " + "; ".join(labels).replace("\n", " ") + ".",
)  # fmt: skip

# %% [markdown]
# The figure shows the first photograph that the average mended or spoiled. A photograph of the same thing, moved by a
# pixel or mirrored, and the network may say something else: that is what the average is for. It does not know which of
# its looks is the right one, so it spoils some as well.
#
# ## Where the time goes
#
# A recipe that is fast on paper may wait for its photographs. So measure the parts of a step: drawing, shifting and
# mirroring a batch; handing it over; training on it, forward, back and update.

# %%
import timeit

shown = fast.Shown(photographs.x_train, photographs.y_train, batch_size, "alternate")
pixels, labels = shown[0]
handed, spare = ops.convert_to_tensor(pixels), keras.models.clone_model(ladder[5][0])  # its weights may change
spare.compile(fast.optimizer(5, 0.25, 100), keras.losses.CategoricalCrossentropy(label_smoothing=0.2))
parts = {
    "shift and mirror": lambda: shown[1],
    "hand over": lambda: ops.convert_to_tensor(pixels),
    "train": lambda: spare.train_on_batch(handed, labels),
}
# The quickest of seven: whatever else runs on the machine can only add to a time.
seconds = {name: min(timeit.repeat(part, number=1, repeat=7)) for name, part in parts.items()}

# %%
step, drawing = sum(seconds.values()), seconds["shift and mirror"]
print("Of the time of a step here:", ", ".join(f"{name} {value / step:.1%}" for name, value in seconds.items()) + ".")
print(f"Photographs shifted and mirrored a second: {len(pixels) / drawing:,.0f}; trained: {len(pixels) / step:,.0f}.")
print(f"Where training is a hundred times as fast and the rest as here, the same drawing would be "
      f"{drawing / (step - 0.99 * seconds['train']):.0%} of a step.")

# %% [markdown]
# How can it be so cheap? There is no loop over photographs. All windows of all photographs are there already, as a
# *view* that copies nothing (`sliding_window_view`); to shift a batch is to pick one window of each. And a byte a colour
# is a quarter of what a float would be. The network rescales. But the share belongs to the machine, not to the recipe.
#
# ## How much faster?
#
# "Faster" needs a target and a count: **epochs to an accuracy**. (On one ladder epochs can stand for time, since every
# rung trains nearly the same network on the same photographs. Between two networks they cannot: an epoch of a wider one
# takes longer. And rung 8 saves epochs, but answers six times as slowly.)
#
# For a rate that falls to zero at its end the count cannot be read off a curve: remember rung 1. It takes *several whole
# trainings of different lengths*, and then one asks which length ends at the target. The course's table `ladder` does
# that: each rung with 4, 8 and 16 epochs, five seeds, the best of three rates (if that is the highest, a higher one might
# be better still), the target fixed beforehand: what the bottom rung reaches in 16 epochs, on validation. Between two
# lengths it takes a straight line over the logarithm of the epochs.
#
# The article counted epochs to 94 %, on the *test* set. The targets differ, so only the ratios down a column compare,
# and the last two rows only together, since the article looked six times before it alternated (its 9.9 has both). Its
# start had the falling rate and the smoothed labels already, and two looks, a photograph and its mirror image. (A table
# beside its code gives that start 35 epochs, and the others as here: so whitening is worth a factor of 2.1 or of 1.7
# there, according to which is right.)

# %%
table = protocol.table("ladder")
source = {"smoothing": 45, "whitening": 21, "identity": 18, "biases": 13.5, "averaging": 12, "looks": 10.8,
          "alternating": 9.9}  # fmt: skip
ours = evidence.epochs_needed(table, bottom="constant", lengths=(4, 8, 16))
for rung, (name, needed) in enumerate(ours.items()):
    print(f"{rung} {fast.RUNGS[rung]:24} article {source.get(name, 'not told')!s:>9}   ours {needed}")

# %%
told = [words for words in evidence.tell_all(table).values() if "not yet measured" not in words]
print("Each rung against the one below, 8 epochs each:", *(told or ["not yet measured."]), sep="\n")

# %% [markdown]
# Two cautions. The article's ladder is a *search*: each rung was kept because the test set liked it, and each
# epoch count was chosen by it. Lesson 15 says what that costs, and the test set of CIFAR-10 has 10,000 photographs, so
# probably little. And an order is no explanation: a rung that is worth three epochs at the bottom may be worth none at
# the top.
#
# ## Is your number normal?
#
# The network is chosen, and the seal is opened once: for one look, since the other networks of the chart looked once. (In
# full mode for six, as the article's network.)

# %%
chosen, looks, rung = (six, 6, 7) if lesson.mode == "full" else (final, 1, 5)
test = lesson.final_test(chosen)
record = lesson.record(chosen, "fast_cnn", history=history, test=test, rung=rung, looks=looks)
lesson.expect(record)

# %%
lesson.progress(record)

# %% [markdown]
# A place on the chart says nothing of what it cost. So it does not say which network is *faster*: that takes a target, as
# above.

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
# * The rungs change the rate, the labels, the start and the end of a training, not the photographs (rung 7 only the order
#   of their mirror images). Let every rung have its best rate before you say what the next one is worth.
# * "Faster" is a number of epochs to a target, for one network and one set of photographs, from whole trainings of
#   different lengths; the curve of a falling rate must not be read halfway.
# * To look several times costs no training. It mends more answers than it spoils, or it is not worth it: count both.
#
# The network is right more often, and sooner. Is it also right as often as it *says*? That is the question of lesson 17.
#
# ## Sources
#
# * K. Jordan, *94% on CIFAR-10 in 3.29 seconds on a single GPU*, 2024: the article of this lesson, network and ladder.
#   Where its code differs from ours: its rate falls in a straight line, to a fourteenth of the peak; its first layer has
#   a bias, which learns for three epochs; its average is written back into the weights every five steps; its weight decay
#   goes through the momentum, ours past it; of its several looks it averages the logits, and we the probabilities (in
#   both the two that are not shifted count double).
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
