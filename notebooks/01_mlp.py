# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Reading digits without eyes
#
# **Goal:** train a multilayer perceptron to read handwritten digits, and find out what it knows about pictures.
#
# A perceptron takes a list of numbers. To feed it a picture we first flatten the picture into a list, row after row,
# and throw the shape away. How far can a network get that way, and what has it lost? Two experiments will tell.

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, plots

lesson = Lesson("01_mlp", mode=mode, seed=seed)
mnist = lesson.load("mnist")  # x_train, y_train, x_val, y_val; the test set stays sealed

# %% [markdown]
# ## The simplest network: ten weighted sums
#
# Ten outputs, one for each digit. Each output weighs all $28 \times 28 = 784$ pixels $x_i$, adds them up, and adds a
# number of its own, its **bias** $b_k$,
#
# $$z_k = b_k + \sum_{i=1}^{784} w_{k,i}\, x_i,$$
#
# and **softmax** turns the ten sums into probabilities: $p_k = e^{z_k} / \sum_j e^{z_j}$. The **loss** says how bad an
# answer is. Ours is the **cross-entropy** $-\log p_y$ (the natural logarithm), where $y$ is the right digit: say "I am
# certain" and be right, and it costs nothing; be certain and wrong, and it costs a great deal. Here are the ten
# probabilities of one digit, from weights drawn by lot and biases of zero. (Its pixels are divided by 255; undivided,
# the sums would be huge, and softmax sure of anything. In the code `@` weighs and adds: `digits @ weights` are the ten
# sums of every digit.)

# %%
import keras
import numpy as np
from keras import layers, ops

digits, labels = mnist.x_train.reshape(-1, 784) / 255, mnist.y_train
random = np.random.default_rng(seed)
drawn_weights = random.normal(0, 0.05, (784, 10))


def softmax(sums):
    powers = np.exp(sums)
    return powers / powers.sum(axis=1, keepdims=True)


p = softmax(digits[:1] @ drawn_weights)[0]
print("  ".join(f"{k}: {each:.2f}" for k, each in enumerate(p)))
print(f"The digit is a {labels[0]}, which got {p[labels[0]]:.4f}: the loss is {-np.log(p[labels[0]]):.2f}.")

# %% [markdown]
# ## What is learning? A ball on a hill
#
# Nobody types in good weights. They are *found*, and this is how. Take the smallest network there is, with one weight
# $w$. It tells zeros from ones by a single number $x$, how much ink is on the page (scaled to a mean of 0 and a
# *spread*, or standard deviation, of 1). Its answer to "is this a zero?" is $a = 0.5 + w x$; the right answer $y$ is 1
# for yes, 0 for no. The loss $L$ is the squared distance $(a - y)^2$, on average over the training digits. (A square is
# easier by hand; the cross-entropy comes back.)
#
# Each value of the weight has a loss, so the loss is a landscape over $w$, and the good weight lies in its valley. A
# ball lies somewhere on it, in fog. We feel only the slope under it, the derivative of the loss, and step against it:
#
# $$\frac{dL}{dw} = \text{mean of } 2\,(a - y)\, x, \qquad w \leftarrow w - \eta\, \frac{dL}{dw}.$$
#
# The arrow gives $w$ its new value; $\eta$ (eta), the **learning rate**, says how far to go. One step by hand:

# %%
two = np.flatnonzero(labels <= 1)
ink = digits[two].sum(axis=1)
x, y = (ink - ink.mean()) / ink.std(), (labels[two] == 0).astype(float)


def loss_and_slope(w):
    away = 0.5 + w * x - y
    return np.mean(away**2), np.mean(2 * away * x)


w, rate = 0.0, 0.3
loss, slope = loss_and_slope(w)
print(f"w = {w:.2f}: loss {loss:.3f}, slope {slope:+.3f}")
w -= rate * slope
print(f"one step with rate {rate:g} leads to w = {w:.2f}: loss {loss_and_slope(w)[0]:.3f}")

# %% [markdown]
# > **Predict:** what becomes of the ball with a rate fifteen times smaller, and with one more than three times larger?
# > (In JupyterLab, move the slider, a step at a time.)

# %%
from course_utils import widgets

rates, ws = {"too small": 0.02, "good": 0.3, "too large": 1.04}, np.linspace(-0.7, 1.5, 100)
paths = {name: [0.0] for name in rates}
for name, each in rates.items():
    for _ in range(12):
        paths[name].append(paths[name][-1] - each * loss_and_slope(paths[name][-1])[1])


def walk(steps):
    drawn, axes = plots.figure(1, 3, height=2.8, sharey=True)
    for axis, (name, path) in zip(axes, paths.items()):
        axis.plot(ws, [loss_and_slope(w)[0] for w in ws], color="#888888")
        heights = [loss_and_slope(w)[0] for w in path[: steps + 1]]
        axis.plot(path[: steps + 1], heights, "o-", color=plots.COLOURS[1], markersize=4, linewidth=1)
        axis.plot(path[steps], heights[-1], "o", color="black", markersize=7)
        axis.set_title(f"{name}: {rates[name]:g}", fontsize=10)
    drawn.supxlabel("the weight w", fontsize=10)
    axes[0].set_ylabel("loss")
    drawn.suptitle(f"The ball after {steps} steps, with three learning rates", fontsize=11)
    return drawn, f"A valley, three times, and a ball's path of {steps} steps: creeping, arriving, leaping."


widgets.slide(walk, range(13), "steps", start=12)

# %%
valley = loss_and_slope(np.mean(x * (y - 0.5)))[0]  # where the slope is zero
for name, path in paths.items():
    print(f"rate {rates[name]:g}: {loss_and_slope(path[-1])[0] - valley:.4f} above the valley after 12 steps")
right = (0.5 + paths["good"][-1] * x > 0.5) == y  # the answer is "zero" where a is above one half
print(f"told apart with the good rate: {right.mean():.0%}; one name for all: {max(y.mean(), 1 - y.mean()):.0%} right")

# %% [markdown]
# Too small a rate creeps; too large a one leaps over the valley, further each time, and never arrives. And the good one
# has learned something: ink alone tells most zeros from ones (last printed line; these are its training digits, but one
# weight cannot learn them by heart). To tell the two apart the sign of $w$ would do; the loss also asks for answers
# near 1 and 0. Every network in this course goes downhill like this, with two refinements that follow: mini-batches and
# optimisers. But each has thousands of weights instead of one, and its landscape as many directions.
#
# ## Thousands of weights: the gradient
#
# The slopes in all directions together are the **gradient**. ($\partial L / \partial w$ is the slope when this one
# weight moves and all others stay.) Nudging each weight in turn would find them, at one run over the digits for each.
# **Backpropagation** gets them all at once. The **forward pass** computes sums, probabilities and loss. The **backward
# pass** asks, from the loss back to the weights, how much each part answers for: what moves the loss is $p$, what moves
# $p$ is $z$, what moves $z$ is $w$, and the slopes of a chain multiply. That is the **chain rule**, and Keras applies
# it to any network.
#
# With softmax and cross-entropy, the first two links together are short: $\partial L / \partial z_k = p_k - [k = y]$,
# what was said minus what is true. ($y$ is the right digit again; the bracket is 1 for it and 0 for all others.) The
# last link, from $z_k$ to $w_{k,i}$, is the pixel $x_i$:
#
# $$\frac{\partial L}{\partial w_{k,i}} = \text{mean of } (p_k - [k = y])\, x_i.$$
#
# The bias learns in the same way, as if it were the weight of a pixel that is always 1. Do you believe the formula?
# Nudge one weight. (In the code `np.eye(10)[y]` is the bracket; `x.T @` multiplies by the pixels and adds up over the
# digits.)


# %%
def gradient(weights, x, y):
    return x.T @ (softmax(x @ weights) - np.eye(10)[y]) / len(x)


def loss_of(weights, x, y):
    return -np.log(softmax(x @ weights)[np.arange(len(y)), y]).mean()


nudged = drawn_weights.copy()
nudged[406, 3] += 1e-4  # a pixel in the middle, for the digit 3
felt = (loss_of(nudged, digits, labels) - loss_of(drawn_weights, digits, labels)) / 1e-4
by_rule = gradient(drawn_weights, digits, labels)[406, 3]
print(f"the slope felt by nudging: {felt:+.6f}; by the chain rule: {by_rule:+.6f}")

# %% [markdown]
# (The last digits may differ: a nudge is not infinitely small.)
#
# ## A mini-batch is a noisy guess
#
# Must we see *all* digits before each step? A handful, a **mini-batch**, already points roughly downhill. How roughly?
# Two lists of numbers have an angle as two arrows have: 0 degrees where they point the same way, 90 where a step along
# one gets nowhere along the other. Here is the angle between the gradient of a random mini-batch and that of all the
# training digits, twelve times for each size. (Black bars: means; dashed line: 90 degrees, where a batch would know
# nothing.)

# %%
whole = gradient(drawn_weights, digits, labels).ravel()


def angle(size):
    some = random.choice(len(digits), size, replace=False)
    guess = gradient(drawn_weights, digits[some], labels[some]).ravel()
    return np.degrees(np.arccos(guess @ whole / np.linalg.norm(guess) / np.linalg.norm(whole)))


angles = {f"batch of {size}": [angle(size) for _ in range(12)] for size in (1, 8, 32, 128)}
plots.dots(
    angles, title="The more digits in a batch, the better it knows the way",
    at=90, x="angle between a mini-batch's gradient and the gradient of all digits, degrees",
    alt="Angles of twelve mini-batches of each size: wide for one digit, narrow for 128.",
)

# %% [markdown]
# At this random start a single digit hardly knows the way, and may even point uphill; 128 digits point clearly
# downhill, for a small part of the work of all. So one takes 128 digits, makes a **step**, takes the next 128; when all
# have been seen, an **epoch** is over, and the digits are shuffled.
#
# The rule that turns gradients into steps is the **optimiser**. The plain one, stochastic gradient descent (SGD), does
# what we did by hand. **Adam** keeps two averages for each weight, of its latest gradients and of their squares, and
# steps by the learning rate times the first over the root of the second. A weight whose gradients agree takes steps of
# about the learning rate, however small they are; one whose gradients contradict each other takes shorter steps. So the
# size of the gradients hardly matters, and the rate that Adam's authors propose, 0.001, is a common first try.
#
# Now we train the ten weighted sums with both. In Keras a layer in which each output weighs *every* input is called
# `Dense`, and our loss `sparse_categorical_crossentropy` (sparse: the right digit is given as one number). The weights
# start at zero, so that all we shall see in them was learned. (Lesson 04 shows why deeper networks cannot start there.)


# %%
def build_linear():
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),  # the images are integers from 0 to 255
            layers.Flatten(),
            layers.Dense(10, activation="softmax", kernel_initializer="zeros", dtype="float32"),
        ]
    )


# %%
from keras.optimizers import SGD, Adam

options = {"batch_size": 128, "validation_data": (mnist.x_val, mnist.y_val), "verbose": 0}
optimisers = {"SGD, 0.001": SGD(0.001), "SGD, 0.1": SGD(0.1), "Adam, 0.001": Adam(0.001)}
courses = {}
for name, optimiser in optimisers.items():
    linear = build_linear()
    linear.compile(optimiser, "sparse_categorical_crossentropy", metrics=["accuracy"])
    courses[name] = linear.fit(
        mnist.x_train, mnist.y_train, epochs=lesson.epochs(20), callbacks=lesson.callbacks(part=name), **options
    )

# %%
plots.lines(
    {name: course.history["val_loss"] for name, course in courses.items()},
    title="At a rate of 0.001 SGD is left far behind, at 0.1 it is not" + mnist.figure_suffix,
    x="epoch", y="validation loss", marker="o",
    alt="Validation loss against epoch: SGD at 0.001 stays far above SGD at 0.1 and Adam.",
)

# %% [markdown]
# What looks like a bad optimiser was a bad rate. (Which optimiser is better, one seed and one rate for Adam cannot
# say.) How does one find a rate? Train briefly with several, each about three times the last, and keep the one that
# does best on the validation set. If that is the first or the last of them, go beyond it. Lesson 05 does so.
#
# What has plain SGD learned with the rate of 0.1? Its weights can be put back into the shape of a picture:

# %%
weights = ops.convert_to_numpy(courses["SGD, 0.1"].model.layers[-1].kernel).T.reshape(10, 28, 28, 1)
plots.images(
    0.5 + weights / (2 * np.abs(weights).max()), labels=range(10), columns=5,
    title="What one layer looks for: bright speaks for the digit, dark against it" + mnist.figure_suffix,
    alt="Ten pictures of weights on a grey margin, one for each digit, most of them bright where its strokes run.",
)

# %% [markdown]
# Ten templates. The margin is still grey: there the pictures are black, $x_i$ is zero, and no gradient moves a weight.
# A seven with a bar and a seven without one have to share one template, so it is a compromise. **What is
# missing?** A way to say "this stroke *and* that stroke, *or else* those two". For that we need layers in between,
# called **hidden**, because their answers go to the next layer and not to us.
#
# ## A perceptron with two hidden layers
#
# Each hidden **unit** computes one weighted sum as above and then a **ReLU**, $\max(0, z)$: it speaks up when it sees
# its pattern and is silent otherwise. Without that kink at zero, two layers would collapse into one, since weighted
# sums of weighted sums are again weighted sums: $W_2 (W_1 x) = (W_2 W_1)\, x$, where $W$ is a layer's table of weights.
# Stacked dense layers with a kink between them are a **multilayer perceptron**; from here on, *the perceptron*.


# %%
def build_mlp():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ],
        name="mlp",
    )


# %% tags=["nbval-check-output"]
keras.utils.set_random_seed(seed)
model = build_mlp()
for layer in model.layers:
    if layer.count_params():
        print(f"{type(layer).__name__:8} {layer.count_params():>8,} weights, output {layer.output.shape[1:]}")
print(f"in all   {model.count_params():>8,} weights")

# %%
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(mnist.x_train, mnist.y_train, epochs=lesson.epochs(20), callbacks=lesson.callbacks(), **options)

# %% [markdown]
# The single layer gets its chance: we take the best of its three runs by validation loss, and let it train for longer
# (`lesson.epochs(20, 40)` is 20 more epochs in full mode and 40 in reduced mode). Neither side's rate was searched for
# by the rule above; longer training makes up for a rate that is too low, but not for one that is too high.

# %%
single = min(courses, key=lambda name: courses[name].history["val_loss"][-1])
longer = courses[single].model.fit(mnist.x_train, mnist.y_train, epochs=lesson.epochs(20, 40), **options)

# %%
plots.curves(
    {"one layer": courses[single].history, "two hidden layers": history.history},
    title="Two hidden layers: fewer mistakes on new digits, hardly any on their own" + mnist.figure_suffix,
    alt="Loss and accuracy against epoch: the perceptron's training line nears the top, its validation line does not.",
)


# %%
def told(found, epoch):
    gap = 100 * (found["accuracy"][epoch] - found["val_accuracy"][epoch])
    return f"validation loss {found['val_loss'][epoch]:.3f}, gap of the accuracies {gap:.1f} points"


print(f"one layer ({single}), end of the figure: {told(courses[single].history, -1)}")
print(f"one layer, after {len(longer.epoch)} more epochs: {told(longer.history, -1)}")
losses = history.history["val_loss"]
best, late = int(np.argmin(losses)), min(losses[-3:])
print(f"two hidden layers, lowest loss, in epoch {best + 1}: {told(history.history, best)}")
print(f"two hidden layers, end of the figure: {told(history.history, -1)}")
print(f"   in the last three epochs validation loss {late:.3f} or more: "
      f"{'it has turned upwards and stays up' if late > 1.1 * losses[best] else 'no clear turn'}")

# %% [markdown]
# There it is, the subject of this course. In the right panel the perceptron's dashed line goes to the top: on its own
# training digits the network makes hardly a mistake. The solid line falls behind early: not all that it learned carries
# over to digits that it has not seen. (Why may a dashed line be the worse one? It averages over each epoch, as in
# lesson 00, and the validation digits may by luck be a little easier.)
#
# The **gap** between the two lines is not yet harm: it also widens when the training line alone gets better. While the
# validation loss falls, training on is right. Compare the printed lines: which network has the wider gap, and which the
# lower validation loss? If it is the same one, a wide gap is no mark of the worse network.
#
# Nor is learning by heart a harm by itself. Nakkiran and others (2020) found networks barely large enough to know every
# training picture that did worse on new ones than far larger networks, which knew them all, too: **double descent**.
#
# **Overfitting** in the harmful sense begins where the validation loss turns upwards *and stays up* (the probabilities
# may suffer while the accuracy holds out). The last printed line says whether it has, by the rule of lesson 00: the
# last three epochs all more than a tenth above the lowest.
#
# Is the perceptron better than the single layer that trained longer, or was it lucky with these digits? A rule for
# luck: count the $n$ digits on which only one of the two is right. If the networks were equally good, each of these
# would be a coin toss, and in $n$ tosses heads and tails come out no more than about $2\sqrt{n}$ apart, nineteen times
# in twenty. (It speaks of other digits, and not of other seeds: here is one run of each.)


# %%
def answer(network, images):
    return network.predict(images, verbose=0).argmax(axis=1)


def compare(one, other):
    first, second = (answers[name] == mnist.y_val for name in (one, other))
    alone, theirs = (first & ~second).sum(), (second & ~first).sum()
    luck = 2 * np.sqrt(alone + theirs)
    print(f"Validation accuracy: {one} {first.mean():.2%}, {other} {second.mean():.2%}.\n{alone} digits are right only "
          f"with the first, {theirs} only with the second. Luck alone seldom parts equally good networks by more than "
          f"{luck:.0f}: here luck is a {'poor' if abs(alone - theirs) > luck else 'possible'} explanation.")


predicted = answer(model, mnist.x_val)
answers = {"two hidden layers": predicted, "one layer": answer(courses[single].model, mnist.x_val)}
compare("two hidden layers", "one layer")

# %% [markdown]
# ## Which digits does it confuse?

# %%
wrong = predicted != mnist.y_val
pairs, counts = np.unique(10 * mnist.y_val[wrong] + predicted[wrong], return_counts=True)
true, taken_for = divmod(pairs[counts.argmax()], 10)
most = f"Most frequent mistake: {true} read as {taken_for}, {counts.max()} of {wrong.sum()}"
plots.confusion(
    mnist.y_val, predicted, mnist.class_names, title=most + mnist.figure_suffix,
    alt=f"Confusion matrix of the ten digits, on the validation set; most counts are on the diagonal. {most}.",
)

# %% [markdown]
# (Others may be as frequent.) Only mistakes are coloured; the diagonal counts right answers. Even the darkest cell
# holds so few that another seed may darken another.
#
# ## What does it know about pictures?
#
# Now a strange experiment. Choose one shuffling of the 784 pixels and apply it to *every* image. To you they become
# noise.
#
# > **Predict before you run the cells:** a new perceptron is trained on the shuffled digits and judged on validation
# > digits shuffled in the same way. How does its accuracy compare with that of the old one on digits in place?

# %%
order = np.random.default_rng(0).permutation(28 * 28)


def shuffle_pixels(images):
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


plots.images(
    np.concatenate([mnist.x_train[:10], shuffle_pixels(mnist.x_train[:10])]), labels=[*mnist.y_train[:10]] * 2,
    title="The same ten digits before and after one shuffling of their pixels" + mnist.figure_suffix,
    alt="Ten readable digits above, and below the same digits with pixels shuffled, which look like noise.",
)

# %%
keras.utils.set_random_seed(seed)
shuffled_model = build_mlp()
shuffled_model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
shuffled = options | {"validation_data": (shuffle_pixels(mnist.x_val), mnist.y_val)}
shuffled_history = shuffled_model.fit(
    shuffle_pixels(mnist.x_train), mnist.y_train, epochs=lesson.epochs(20), callbacks=lesson.callbacks(), **shuffled
)

# %%
plots.curves(
    {"pixels in place": history.history, "pixels shuffled": shuffled_history.history},
    title="To a perceptron, a digit and its shuffled pixels are the same problem" + mnist.figure_suffix,
    alt="Loss and accuracy against epoch, pixels in place and shuffled: lines of the same kind lie close together.",
)

# %%
shuffled_digits = shuffle_pixels(mnist.x_val)
answers |= {"pixels in place": predicted, "pixels shuffled": answer(shuffled_model, shuffled_digits)}
compare("pixels in place", "pixels shuffled")

# %% [markdown]
# The perceptron reads what you took for noise. And we need not trust two runs and the luck of their digits: to a dense
# layer the order of its inputs is only a matter of numbering. Take the network that was trained with the pixels in
# place, and shuffle the weights of its first layer as we shuffled the pixels:

# %%
first, *others = model.get_weights()
twin = build_mlp()
twin.set_weights([first[order], *others])  # a row of the first layer for each pixel
same = answer(twin, shuffled_digits) == predicted
print(f"The twin gives the same answer on {same.sum():,} of {len(same):,} shuffled digits.")

# %% [markdown]
# Every sum has the same terms, in another order. (Should a digit or two differ: the machine rounds its sums, and the
# order has a say in that.) So each perceptron that reads digits in place has a twin that reads them shuffled. Training
# runs have twins, too: the start draws the weights of every pixel in the same way, and training treats all inputs
# alike. Since a run and its twin are equally likely, neither problem can be the harder one. The perceptron has read
# digits all this time *without ever knowing that two pixels were neighbours*.
#
# That sounds like a clever trick until the digits move. Now the validation digits are pushed sideways. What leaves on
# one side comes back on the other; at first that is only black margin.
#
# > **Predict:** how many pixels, of the 28 in a row, can you push a digit before the perceptron misreads every second
# > one?
#
# First one digit, and what the perceptron reads; then all of them. (This digit was picked because it reaches far to the
# right: most others meet the edge later.)

# %%
inked = mnist.x_val.sum(axis=(1, 3))  # the ink of each digit, column by column
# A wide 4, if possible in one piece.
pick = (2 * ((mnist.y_val == 4) & inked[:, -5:].any(axis=1)) + (np.diff(inked > 0).sum(axis=1) <= 2)).argmax()
pushed_one = np.concatenate([np.roll(mnist.x_val[[pick]], n, axis=2) for n in range(0, 7, 2)])
one = f"One {mnist.y_val[pick]}, pushed right by 0 to 6 pixels"
plots.images(
    np.pad(pushed_one[..., 0], ((0, 0), (1, 1), (1, 1)), constant_values=128),  # in a grey frame
    labels=[f"{2 * n} px: read as {k}" for n, k in enumerate(answer(model, pushed_one))],
    title=one + mnist.figure_suffix, alt=f"{one}, in a frame; above each the pixels, and what the perceptron reads.",
)

# %%
shifts = range(-6, 7)
pushed = [100 * model.evaluate(np.roll(mnist.x_val, n, 2), mnist.y_val, batch_size=500, verbose=0)[1] for n in shifts]
drawn, axes = plots.figure()
axes.plot(shifts, pushed, "o-", linewidth=2)
axes.hlines([10, 50], -6, 6, colors="#666666", linestyles=":")
axes.text(0, 12, "guessing", ha="center")
axes.text(-6, 52, "half")
axes.set(xlabel="shift to the right, pixels", ylabel="validation accuracy, %", ylim=(0, 100), xticks=shifts)
axes.grid(alpha=0.25)
drawn.suptitle("Pushed a few pixels to the side, most digits are misread" + mnist.figure_suffix, fontsize=11)
plots.show(drawn, "Validation accuracy against horizontal shift: a peak in the middle, falling steeply on both sides.")

# %%
by = {n: np.mean([pushed[6 - n], pushed[6 + n]]) for n in range(7)}  # mean of left and right
half = next((n for n in by if by[n] < 50), "more than 6")
print(f"pushed by 2 pixels {by[2]:.0f} % are read (mean of left and right), by {half} pixels fewer than half")
cut = {n: np.mean([inked[:, :n].any(axis=1), inked[:, -n:].any(axis=1)]) for n in (2, 3, 4, 6)}
print("digits cut by the edge, pushed " + ", ".join(f"by {n} pixels {share:.0%}" for n, share in cut.items()))

# %% [markdown]
# You would hardly notice a shift of two pixels. It cuts almost no digit at the edge, as the last printed line says, so
# the new place alone misleads the network; further out the cuts have their share. For the perceptron every pixel is a
# separate input with weights of its own. What one pixel's weights learn is not passed on to the next one's, and a
# pushed stroke meets weights trained on whatever stood there. (Left and right may differ: a digit meets other weights
# there.) Lesson 02 builds part of the missing knowledge into the network; lesson 06 teaches it more by example.
#
# ## Is your number normal?
#
# The test set stays sealed; lesson 02 opens it. The **comparison set**, digits that no run in reduced mode learns from
# or chooses by, tells how good the perceptron is. (In full mode the validation digits stand in for it.) To judge your
# number: the mean and spread of earlier reference runs give a range in which a further run falls nineteen times in
# twenty.
#
# P. Veličković's articles, *Deep learning for complete beginners*, build this network and most of the later ones. In
# each lesson "the article" is the one that its sources name.

# %%
record = lesson.record(model, "mlp", history=history, compare=lesson.compare(model))
lesson.expect(record, "compare_accuracy")

# %% [markdown]
# ## Exercise 1: count the weights
#
# > Write a function that counts the weights of a perceptron, biases included, from the list of its layer sizes. For
# > the network above the list is `[784, 512, 512, 10]`. (The lines printed under its code count them, too.)


# %%
def mlp_weights(sizes): ...


# %% tags=["nbval-check-output"]
lesson.check_mlp_weights(mlp_weights)

# %% [markdown]
# ## Exercise 2: what does guessing cost?
#
# > Before training, a network with ten outputs should be about equally unsure of all of them. Which cross-entropy loss
# > do you expect then, for `k` classes? It is the first thing to check when a training run looks odd: a first loss far
# > above this number means that something is wrong before learning has begun.


# %%
def loss_of_guessing(k): ...


# %% tags=["nbval-check-output"]
lesson.check_loss_of_guessing(loss_of_guessing)

# %% [markdown]
# Solutions: [solutions/01_mlp.ipynb](solutions/01_mlp.ipynb).
#
# ## What to take away
#
# * Learning is walking downhill: the gradient of the loss, found by the chain rule on a mini-batch, times a learning
#   rate.
# * A perceptron reads digits well, and those it has seen better than new ones. The gap is no harm by itself; a
#   validation loss that turns upwards and stays there is a warning.
# * A dense layer knows nothing of neighbours. Shuffle the pixels and it does not mind; move the digits by a few pixels
#   and it misreads most.
#
# How does one build a network that knows what a neighbour is? That is [lesson 02](02_baseline_cnn.ipynb).
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, part 1: the perceptron with 512 units in each hidden layer.
# * D. E. Rumelhart, G. E. Hinton and R. J. Williams, *Learning representations by back-propagating errors*, 1986.
# * D. P. Kingma and J. Ba, *Adam: a method for stochastic optimization*, 2015.
# * Y. LeCun, C. Cortes and C. Burges, *The MNIST database of handwritten digits*.
# * P. Nakkiran and others, *Deep double descent: where bigger models and more data hurt*, 2020.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let somebody walk down the valley at the board, with a rate called out by the group. Ask for
# predictions before the shuffling experiment, in writing; some will expect chance level. If somebody expects a small
# drop, ask where it should come from. While the perceptron trains, discuss what the ten templates would look like if
# every digit were centred differently. Likely wrong answers: forgetting the biases in exercise 1; in exercise 2
# answering $1/k$ (a probability, and not a loss) or the logarithm to base 2 or 10.
