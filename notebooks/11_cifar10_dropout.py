# ---
# jupyter:
#   kernelspec:
#     display_name: Generalisation course
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Real pictures, and a network that must not learn them by heart
#
# **Goal:** meet pictures that are harder than digits, train the network that the article builds for them, and take
# dropout apart: what it does to one picture, to the gap between training and validation, and to the answer.
#
# Digits are kind to us: white strokes on black, centred, all of a size. For ten lessons we fought over the last few
# mistakes in a hundred. What happens to the same recipes when the pictures are photographs of cats, ships and trucks?

# %% tags=["parameters"]
mode = "auto"  # "smoke", "reduced" or "full"; "auto": full on a GPU, reduced on a CPU
seed = 1

# %%
# No course_utils here (Colab, a Jupyter of your own)? First, with the address of this course's files:
#     %pip install 'generalisation-course[tensorflow] @ git+ADDRESS'
from course_utils import Lesson, evidence, plots
from course_utils.evidence import protocol

lesson = Lesson("11_cifar10_dropout", mode=mode, seed=seed)
cifar = lesson.load("cifar10")  # x_train, y_train, x_val, y_val; the test set stays sealed

# %% [markdown]
# ## Ten kinds of things
#
# CIFAR-10 has ten classes, one to a column below. The pictures are small, 32 x 32 pixels with three colour channels,
# but you will have no trouble naming most of them. (Where an output says “JPEG copy”, they come from a copy that was
# compressed once more.)

# %%
import numpy as np

columns = [np.flatnonzero(cifar.y_train == label)[:4] for label in range(10)]
plots.images(cifar.x_train[np.transpose(columns).ravel()], labels=cifar.class_names,
    title="Each column is one class: what is its rule?" + cifar.figure_suffix,
    alt="Four pictures from each of the ten classes: " + ", ".join(cifar.class_names) + ".",
)

# %% [markdown]
# Now try to write down a rule. A one is a vertical stroke; what is a bird? Seen from the side or from below, flying or
# sitting, near or far, on sky or on leaves. No pixel is the bird's pixel. But is there a bird's *colour*? Here is the
# average of all training pictures of each class, with contrasts and colours twice as strong:

# %%
means = np.stack([cifar.x_train[cifar.y_train == label].mean(axis=0) / 255 for label in range(10)])
plots.images(np.clip(2 * means - means.mean(), 0, 1), labels=cifar.class_names, columns=5,
    title="The average of a class: surroundings, and the shadow of an object" + cifar.figure_suffix,
    alt="Ten average pictures, one for each class, with colours twice as strong: blurs that differ in their colours.",
)

# %% [markdown]
# Sky, sea, grass: the surroundings differ. So shrink each picture to three numbers, its mean red, green and blue, and
# let scikit-learn's logistic regression (one layer and a softmax, as in lesson 01) guess the class from them.
#
# > **Predict** its accuracy; drawing lots gets one in ten.

# %%
from sklearn.linear_model import LogisticRegression


def mean_colours(images):
    return images.mean(axis=(1, 2)) / 255  # shape (N, 3)


by_colour = LogisticRegression().fit(mean_colours(cifar.x_train), cifar.y_train)
colour_accuracy = by_colour.score(mean_colours(cifar.x_val), cifar.y_val)
print(f"Validation accuracy from three numbers a picture: {colour_accuracy:.1%}.")

# %% [markdown]
# That is a floor. A network that does no better may have looked at nothing but mean colours; one far above it has found
# more.
#
# ## The perceptron of lesson 01
#
# How often were networks right on digits? (In reduced mode the reference runs learned from 5,000 digits.)

# %%
digits = {
    name: 100 * evidence.reference_runs(reference, "", lesson.mode, "mnist").set_index("seed")["val_accuracy"]
    for name, reference in (("digits: perceptron", "mlp"), ("digits: baseline CNN", "baseline_cnn"))
}
print("Mean validation accuracy of the reference runs; " + "; ".join(
    f"{name} {values.mean():.1f} %" if len(values) else f"{name} not yet measured" for name, values in digits.items()))

# %% [markdown]
# Now the perceptron, two hidden layers of 512 units, as for the digits, on the 3,072 numbers of a picture.
#
# > **Predict:** how many photographs of a hundred will it name?

# %%
import keras
from keras import layers, ops


def train(model, epochs, count=None, title=None):  # on the first `count` training pictures
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        cifar.x_train[:count], cifar.y_train[:count], batch_size=32, epochs=epochs,
        validation_data=(cifar.x_val, cifar.y_val), callbacks=lesson.callbacks(title), verbose=0,
    )


perceptron = keras.Sequential([
    keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(512, activation="relu"),
    layers.Dense(512, activation="relu"), layers.Dense(10, activation="softmax", dtype="float32"),
])
perceptron_run = train(perceptron, lesson.epochs(20, reduced=3)).history

# %%
perceptron_accuracy, own = perceptron_run["val_accuracy"][-1], perceptron_run["accuracy"][-1]
print(f"The perceptron, {perceptron.count_params():,} weights: validation accuracy {perceptron_accuracy:.1%}, training "
      f"accuracy {own:.1%}." + " It hardly knows its own pictures better." * (own < perceptron_accuracy + 0.05))

# %% [markdown]
# It may not have finished learning (and `fit`'s training accuracy, an average over an epoch of learning, may lag). But
# its build is against it, too: a dense layer shares nothing between places (lesson 02), so what it learns of a bird on
# the left it must learn again on the right.
#
# ## The network
#
# The article's answer is lesson 02's idea twice over: two convolutions, pooling, dropout; again, with twice the
# channels on half the height and width; then one hidden dense layer. We give it two knobs. `factor` scales all the
# dropout rates: at 1 they are the article's, at 0 there is no dropout. `width` is the number of channels to start with,
# and scales the dense layer too.


# %%
def build_dropout_cnn(factor=1, width=32):
    model = keras.Sequential(name="dropout_cnn")
    model.add(keras.Input((32, 32, 3)))
    model.add(layers.Rescaling(1 / 255))
    for filters in (width, 2 * width):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(0.25 * factor))
    model.add(layers.Flatten())
    model.add(layers.Dense(16 * width, activation="relu"))
    model.add(layers.Dropout(0.5 * factor))
    model.add(layers.Dense(10, activation="softmax", dtype="float32"))
    return model


# %% tags=["nbval-check-output"]
for layer in build_dropout_cnn().layers:
    if layer.count_params():
        print(f"{type(layer).__name__:8} {layer.count_params():>9,} weights, output {layer.output.shape[1:]}")

# %% [markdown]
# Two million weights, nearly all in one dense layer, and ten thousand pictures (45,000 in full mode). So many weights
# might learn the pictures by heart, one by one. Dropout is there to hinder it.
#
# ## What dropout does to a signal
#
# In training dropout draws anew for each picture. Every unit, with its value $x_i$, gets a number $m_i$: 0 with
# probability $p$, else 1. These numbers are the **mask**, and a unit with a 0 is silent. The idea of Srivastava and
# others (2014): since any unit may fall silent, the others learn to do without it; leaning on a single partner, or
# memorising in a small clique, no longer pays. After training all units speak, and the next layer would hear a louder
# signal than it was trained on. Therefore what survives is scaled up *during training*,
#
# $$y_i = \frac{m_i\, x_i}{1 - p}, \qquad
# \mathbb{E}[y_i] = \frac{(1 - p)\, x_i}{1 - p} = x_i,$$
#
# where $\mathbb{E}$ is the mean over all masks that may be drawn. So the mean stays, and after training a dropout layer
# passes its input on unchanged.

# %%
ones = np.ones((1, 10_000), dtype="float32")
drop = layers.Dropout(0.25, dtype="float32")
for when, training in (("in training", True), ("afterwards", False)):
    signal = ops.convert_to_numpy(drop(ones, training=training))
    print(f"{when:11} {(signal == 0).mean():5.1%} silent, the others {signal.max():.3f}, mean {signal.mean():.3f}")

# %% [markdown]
# ## A thousand pictures, with and without
#
# To see overfitting in a minute we take a quarter of the channels and far too few pictures, the first 1,000. Same
# network, same weights to start from, same pictures; one change, the factor.
#
# > **Predict:** what will dropout do to the training accuracy, and what to the validation accuracy?

# %%
few, runs, networks = 1000, {}, {}
for name, factor in (("no dropout", 0), ("dropout", 1)):
    keras.utils.set_random_seed(seed)
    # A dropout layer draws from the seed, too, and the layers behind it would start from other weights.
    start, networks[name] = build_dropout_cnn(0, width=8), build_dropout_cnn(factor, width=8)
    networks[name].set_weights(start.get_weights())
    runs[name] = train(networks[name], lesson.epochs(40, reduced=20), few).history

# %%
summary, (bare, dropped) = [], runs.values()
for name, run in runs.items():
    losses, accuracies = run["val_loss"], run["val_accuracy"]
    summary.append(f"{name}, at the end: training accuracy {run['accuracy'][-1]:.1%}, validation {accuracies[-1]:.1%}, "
                   f"loss {losses[-1]:.2f}; lowest validation loss {min(losses):.2f} in epoch {np.argmin(losses) + 1}")
ends = [f"{name}\u00a0{min(run['val_loss']):.2f}\u00a0→\u00a0{run['val_loss'][-1]:.2f}" for name, run in runs.items()]
trained, validated = (100 * (dropped[key][-1] - bare[key][-1]) for key in ("accuracy", "val_accuracy"))

# %%
plots.curves(
    runs, title="Lowest → last validation loss: " + ", ".join(ends) + cifar.figure_suffix,
    alt="Loss and accuracy against epoch, with dropout and without; " + "; ".join(summary) + ".",
)
print(*summary, sep="\n")
print(f"With dropout the training accuracy changes by {trained:+.1f} points, the validation one by {validated:+.1f}: "
      f"the gap closes by {validated - trained:.1f}.")

# %% [markdown]
# A gap can close from above, by a lower training accuracy, or from below, by a higher validation accuracy; only the
# second is what we are after. Look at the loss as well: where a validation loss turns and climbs, true classes have
# lost probability, also where the answer stays wrong (lesson 08).
#
# How much of the closed gap is real? With dropout, the training accuracy (dashed, with squares) is taken while masks
# silence a part of the network: it limps.
#
# ## One picture under ten masks
#
# Let us watch it limp. The trained network gets each of a thousand validation pictures ten times, with dropout switched
# on as in training. Each time the masks are new, so ten different *thinned networks* answer. The figure shows one of
# the first hundred pictures: among those that the whole network names rightly, the one on which the ten agree least.
#
# > **Predict:** do the ten agree as a rule? And which is right most often: one thinned network, the mean of ten of
# > them, or the whole network with dropout off?

# %%
network, some = networks["dropout"], slice(0, 1000)
first_drop = next(layer for layer in network.layers if isinstance(layer, layers.Dropout))
# The same network, but it answers with the first dropout layer's output, too.
inside = keras.Model(network.inputs[0], [first_drop.output, network.outputs[0]])
# training=True: new masks each time. zip sorts the ten pairs into ten maps and ten answers.
maps, answers = zip(*(inside(cifar.x_val[some], training=True) for _ in range(10)))
unmasked, whole = inside(cifar.x_val[some], training=False)
answers, whole = np.stack([ops.convert_to_numpy(each) for each in answers]), ops.convert_to_numpy(whole)
names = answers.argmax(axis=2)  # what each of ten thinned networks says, shape (10, pictures)
agreeing = np.array([np.bincount(said, minlength=10).max() for said in names.T])
# A picture named wrongly gets an 11, more than ten can agree, so that it is not the one of least agreement.
divided = int(np.where(whole.argmax(axis=1) == cifar.y_val[some], agreeing, 11)[:100].argmin())

# %%
# The first is without a mask. The zeros around a picture light up its rim.
maps = ops.convert_to_numpy(ops.cast(ops.stack([each[divided, 1:-1, 1:-1] for each in (unmasked, *maps)]), "float32"))
truth, correct = cifar.class_names[cifar.y_val[divided]], (names[:, divided] == cifar.y_val[divided]).sum()
tops = [f"{cifar.class_names[p.argmax()]} {p.max():.0%}" for p in (whole[divided], *answers[:, divided])]

# %%
plots.images(
    [cifar.x_val[divided, 2:-2, 2:-2] / 255, *plots.masked_maps(maps).repeat(2, axis=1).repeat(2, axis=2)],
    title=f"What ten masks took from one feature map (orange): {correct} of ten right{cifar.figure_suffix}",
    labels=[f"picture:\n{truth}", f"no mask\n{tops[0]}", *(f"mask {k}\n{tops[k]}" for k in range(1, 11))], columns=6,
    alt=f"A photograph ({truth}), a feature map ({tops[0]}), the map under ten masks: " + ", ".join(tops[1:]) + ".",
)

# %% [markdown]
# You see one of the eight maps at the first of three dropout layers. Black was silent anyway; what a mask leaves is
# brighter by a third, which is the scaling. Each answer depends on the masks of all three layers, so do not look for
# its reason in the orange squares.

# %%
true, mean, off = cifar.y_val[some], answers.mean(axis=0).argmax(axis=1), whole.argmax(axis=1)
luck = 2 * np.sqrt(((off == true) != (mean == true)).sum()) / len(true)
print(f"All ten agree on {(agreeing == 10).mean():.0%} of {len(true):,} pictures, six or more of them on "
      f"{(agreeing > 5).mean():.0%}. In the figure the largest group that agrees counts {agreeing[divided]}.")
print(f"Right are: one thinned network {(names == true).mean():.1%}, the mean of ten {(mean == true).mean():.1%}, the "
      f"whole network {(off == true).mean():.1%}. The last two agree on {(mean == off).mean():.0%} of the pictures. "
      f"A lead of one of them over the other below {100 * luck:.1f} points is within the luck of these pictures.")

# %% [markdown]
# So dropout trains a crowd. Every picture in every step trains a thinned network of its own, all of them share their
# weights, and the whole network at the end stands in for the average of the crowd: an ensemble (lesson 07) at the price
# of one. (Not exactly: the scaling keeps the mean of $y_i$, not of what ReLU and softmax make of it.) How far one
# thinned network falls short of the whole one is the handicap, here on new pictures. Now on the training pictures:

# %%
x_few, y_few = cifar.x_train[:few], cifar.y_train[:few]
limping = [(ops.convert_to_numpy(network(x_few, training=True)).argmax(axis=1) == y_few).mean() for _ in range(10)]
known = {name: 100 * net.evaluate(x_few, y_few, verbose=0)[1] for name, net in networks.items()}
gaps = [known[name] - 100 * run["val_accuracy"][-1] for name, run in runs.items()]
print(f"Same weights, same training pictures: {np.mean(limping):.1%} right with masks, {known['dropout']:.1f}% "
      f"without: the handicap is {known['dropout'] - 100 * np.mean(limping):.1f} points.")
print("Training accuracy as fit gave it → measured now, without masks: " + "; ".join(
    f"{name} {run['accuracy'][-1]:.1%} → {known[name]:.1f}%" for name, run in runs.items()) + ".")
print(f"Without masks the gap is {gaps[1]:.1f} points, that of the network without dropout {gaps[0]:.1f}: it closes by "
      f"{gaps[0] - gaps[1]:.1f}, where fit's numbers said {validated - trained:.1f}.")

# %% [markdown]
# Our numbers differ from `fit`'s for two reasons. With dropout, `fit` counts under the handicap; and for both networks
# it averages over an epoch, in which the accuracy may rise or fall.
#
# But **closing the gap is easy**: train less, and there is none. What we want is a higher validation accuracy:

# %%
right = [net.predict(cifar.x_val, verbose=0).argmax(axis=1) == cifar.y_val for net in networks.values()]
gained, lost = (right[1] & ~right[0]).sum(), (right[0] & ~right[1]).sum()
margin = 2 * np.sqrt(gained + lost)
print(f"Of {len(cifar.y_val):,} validation pictures dropout wins {gained} and loses {lost}: {gained - lost:+d}. "
      f"Equally good networks differ by less than {margin:.0f} in about nineteen cases of twenty, so this is "
      + ("more than" if abs(gained - lost) > margin else "within") + " the luck of these pictures.")
for name, run in runs.items():
    accuracies, lowest = run["val_accuracy"], int(np.argmin(run["val_loss"]))
    print(f"{name}: {accuracies[-1]:.1%} right after the last epoch; {accuracies[lowest]:.1%} at the lowest validation "
          f"loss, in epoch {lowest + 1} (lesson 08); {max(accuracies):.1%} at its highest accuracy."
          + " A longer run might find a lower loss." * (lowest >= len(accuracies) - 3))

# %% [markdown]
# The margin allows for the choice of pictures alone, not for the seed, nor for the epoch: the last two lines show other
# epochs. (An epoch chosen on these pictures looks better than it is.) So this compares two networks and is no verdict
# on dropout. For a verdict the course has a table: ten seeds, the same pictures and number of epochs (printed first),
# each side at its own learning rate (no dropout rate is tuned), on the small network of lesson 13. It says what
# *leaving out* dropout does to right answers and to the cross-entropy, so harm there speaks for dropout:

# %%
table = protocol.table("fair_cifar10")
print(f"Trained on {protocol.rows_of(table.name)['n_train'].max():,} pictures, for {table.epochs} epochs.")
print(evidence.tell_briefly(table, "no_dropout", "baseline"))

# %% [markdown]
# Another network, more pictures, other epochs: the two results need not agree, and neither speaks for the other's case.
# And both sides of the table ran through all their epochs: stopped at its own best one (lesson 08), the side without
# dropout might have done better.
#
# ## Train it
#
# Now with all the training pictures of this mode and the article's setting: Adam, batches of 32.

# %%
keras.utils.set_random_seed(seed)
model = build_dropout_cnn()
history = train(model, lesson.epochs(50, reduced=6), title="The dropout CNN")

# %% [markdown]
# Where the validation accuracy lies above that of training, the handicap and the average over an epoch outweigh the
# advantage of pictures already seen. Once the curves have crossed it is the other way round: with dropout, too, a
# network comes to know its own pictures better than new ones.
#
# Digits and photographs on one scale: dots are the reference runs on digits, with their mean; stars are yours on
# photographs (drawing lots is calculated). The CNN has two: at its end, and after as many epochs as the perceptron.

# %%
as_long, cnn_accuracy = len(perceptron_run["accuracy"]), history.history["val_accuracy"]
yours = {"drawing lots": 10, "mean colours": 100 * colour_accuracy,
    f"perceptron, epoch {as_long}": 100 * perceptron_accuracy,
    **{f"CNN, epoch {epoch}": 100 * cnn_accuracy[epoch - 1] for epoch in (as_long, len(cnn_accuracy))},
}

# %%
plots.dots({name: values for name, values in digits.items() if len(values)} | {name: [] for name in yours},
    title="Perceptron → CNN: digits " + (" → ".join(f"{v.mean():.0f}" for v in digits.values() if len(v)) or "?")
    + f" %, photographs {100 * perceptron_accuracy:.0f} → {100 * cnn_accuracy[as_long - 1]:.0f} %{cifar.figure_suffix}",
    x="validation accuracy, %", mark=yours,
    alt="On photographs: " + ", ".join(f"{name} {value:.1f} %" for name, value in yours.items()) + "; means on digits: "
    + ", ".join(f"{name[8:]} {values.mean():.1f} %" for name, values in digits.items() if len(values)) + ".",
)

# %% [markdown]
# Digits had few points left to give. So when somebody shows you a jump in points, ask also which share of the mistakes
# is gone.
#
# > **Predict:** from perceptron to CNN, is that share larger on the digits or on the photographs?

# %%
jump = 100 * (cnn_accuracy[as_long - 1] - perceptron_accuracy)
share, (mlp, cnn) = jump / (100 - 100 * perceptron_accuracy), digits.values()
print(f"Photographs, both after {as_long} epochs in batches of 32: {jump:+.1f} points, {share:.0%} of mistakes gone.")
shares = ((cnn - mlp) / (100 - mlp)).dropna()  # paired by the seed
where = "below" if share < shares.min() else "above" if share > shares.max() else "inside"
print(f"Digits: {(cnn - mlp).mean():+.1f} points, {shares.mean():.0%} of mistakes gone, {shares.min():.0%} to "
      f"{shares.max():.0%} in {len(shares)} pairs of runs. The share on photographs lies {where} that range."
      if len(shares) else "Digits: not yet measured.")

# %% [markdown]
# If the share lies inside the range, these runs do not tell which is larger. (The runs on digits had other lengths,
# batches and numbers of pictures.) On photographs both networks had the same pictures, number of steps, batch size and
# Adam's default rate. They differ in their build (convolutions, which know of neighbours, and dropout), in how well
# that rate suits them, and in luck, with one run each.
#
# ## What does it mistake for what?
#
# Nobody told the network that six of its classes are animals and four are vehicles.
#
# > **Predict:** which two classes will it confuse most? And what share of its mistakes stays within the animals or
# > within the vehicles?
#
# In the figure the vehicles come first, and black lines part them from the animals; only mistakes are coloured, and a
# blank is zero. “By lot”, printed below it, is the share to expect if each mistake drew its wrong answer from the other
# nine classes. For an animal, five of the nine are animals; for a vehicle, three are vehicles.

# %%
from sklearn.metrics import confusion_matrix

predicted = model.predict(cifar.x_val, verbose=0)
said = predicted.argmax(axis=1)
matrix = confusion_matrix(cifar.y_val, said, labels=range(10))
animal = np.isin(np.arange(10), [2, 3, 4, 5, 6, 7])
order = np.argsort(animal, kind="stable")  # to draw the vehicles first, then the animals
both_ways = np.triu(matrix + matrix.T, k=1)
# The three largest entries, as (row, column).
pairs = np.dstack(np.unravel_index(np.argsort(-both_ways, axis=None)[:3], both_ways.shape))[0]
told = ", ".join(f"{cifar.class_names[i]}/{cifar.class_names[j]}" for i, j in pairs)

# %%
drawn = plots.confusion_figure(
    order.argsort()[cifar.y_val], order.argsort()[said], [cifar.class_names[k] for k in order],
    title=f"Most often confused: {told}" + cifar.figure_suffix,
)
for line in (drawn.axes[0].axhline, drawn.axes[0].axvline):
    line(3.5, color="black", linewidth=1.5)
plots.show(drawn, "Confusion matrix, four vehicles, then six animals, with lines between them; the pairs confused most "
           f"often, both ways counted: {told}.", gradations=True)

# %%
for i, j in pairs:
    print(f"{cifar.class_names[i]} called {cifar.class_names[j]}: {matrix[i, j]} times; the other way: {matrix[j, i]}")
for whose, answer in (("the network", said), ("mean colours", by_colour.predict(mean_colours(cifar.x_val)))):
    wrong = answer != cifar.y_val
    kept, lot = (animal[answer] == animal[cifar.y_val])[wrong], np.where(animal[cifar.y_val[wrong]], 5 / 9, 3 / 9)
    print(f"Mistakes of {whose}: {kept.mean():.0%} stay within animals or vehicles; by lot: {lot.mean():.0%}.")

# %% [markdown]
# Another seed may well put another pair first. Where a share lies above its lot, like is taken for like, unasked. Mean
# colours need no shape for it: they know sky from grass. What the network has above *them*, logistic regression at
# least did not find in mean colours. The exceptions are worth a look: animals called vehicles, and vehicles called
# animals. Here are the ten of which the network was surest; what in each speaks for the wrong class?

# %%
crossing = np.flatnonzero(animal[said] != animal[cifar.y_val])
surest = crossing[np.argsort(-predicted[crossing].max(axis=1))][:10]
labels = [f"{cifar.class_names[cifar.y_val[i]]}\n→ {cifar.class_names[said[i]]} ({predicted[i].max():.0%})"
          for i in surest]
if len(surest):
    plots.images(cifar.x_val[surest], labels=labels, columns=5,
        title="Its surest mistakes between animals and vehicles: truth → answer" + cifar.figure_suffix,
        alt="Animals taken for vehicles, or vehicles for animals: " + "; ".join(labels).replace("\n", " ") + ".",
    )

# %% [markdown]
# ## Where do these pictures come from?
#
# A test accuracy is worth no more than the test set. So before we open it, look for validation pictures that have a
# twin among the training pictures. Shrink each picture to 8 x 8 pixels and search for the nearest. Brightness shall not
# count, so subtract the picture's mean; nor contrast, so the distance is 1 minus the cosine of the angle between the
# two lists of numbers. Above each pair you see its distance (0: equal but for brightness and contrast) and its class,
# or both if they differ.

# %%
import sklearn
from sklearn.neighbors import NearestNeighbors

sklearn.set_config(working_memory=100)  # MB for the table of all distances, a part at a time


def coarse(images):
    blocks = images.reshape(-1, 8, 4, 8, 4, 3).mean(axis=(2, 4), dtype="float32").reshape(len(images), -1)
    return blocks - blocks.mean(axis=1, keepdims=True)


nearest = NearestNeighbors(n_neighbors=1, metric="cosine").fit(coarse(cifar.x_train))
distance, twin = (found[:, 0] for found in nearest.kneighbors(coarse(cifar.x_val)))
closest = np.argsort(distance)[:8]
above, below = ([cifar.class_names[k] for k in y] for y in (cifar.y_val[closest], cifar.y_train[twin[closest]]))
near = [f"{distance[i]:.3f}\n{one}" + f"\n/ {other}" * (one != other) for i, one, other in zip(closest, above, below)]

# %%
plots.images(np.concatenate([cifar.x_val[closest], cifar.x_train[twin[closest]]]), columns=8, labels=near,
    title="Validation pictures over their nearest training pictures" + cifar.figure_suffix,
    alt="Eight validation pictures over their nearest training pictures: " + "; ".join(near).replace("\n", " ") + ".",
)
print(f"Half of the {len(distance):,} validation pictures have nothing nearer than {np.median(distance):.3f}.")

# %% [markdown]
# CIFAR-10 has some photographs twice, or nearly: how many of the eight pairs would you call one picture? There are at
# least that many, for these are only the closest. Barz and Denzler (2020) searched the whole of CIFAR-10 and found that
# about one *test* picture in thirty has a near-duplicate among the training pictures. For those, knowing by heart is as
# good as understanding.
#
# There is more to know. Alex Krizhevsky (2009) took the pictures from **80 Million Tiny Images**, which had been
# collected by typing nouns into image search engines; nobody who took or appears in a picture was asked. For
# CIFAR-10, people looked at every picture and kept those that show their class. The large collection had no such
# check. Birhane and Prabhu (2021, first as a preprint in 2020) found categories in it that were named by slurs and
# insults, with pictures of people under them; its makers withdrew it in June 2020 and asked everyone to stop using
# it. CIFAR-10 itself is still distributed.
#
# **What is it good for, then?** For learning, and for comparing methods in minutes. Duplicates flatter both sides of a
# comparison, the side that learns by heart perhaps a little more; but with one picture in thirty, by some three points
# at most. So a lead of ten points is safe from them. A lead of one is not, if the leader learns by heart and the other
# does not. CIFAR-10 is not good for a claim about how well a network would name *your* photographs, nor as a model of
# how to collect pictures.
#
# ## Is your number normal?
#
# The architecture, the optimiser and the batch size are the article's. Nothing was chosen by looking at the results,
# so the test set may be opened, once, for the number that stands beside the article's. Even a full run need not reach
# the article's: it has 50 epochs instead of 200, and perhaps a compressed copy.

# %%
test = lesson.final_test(model)
record = lesson.record(model, "dropout_cnn", history=history, test=test, batch_size=32)
lesson.expect(record)
full = evidence.reference_runs("dropout_cnn", "", "full", cifar.label)["test_accuracy"]
print(f"At full size, 45,000 pictures, 50 epochs, {len(full)} reference run{'s' * (len(full) > 1)}: {full.mean():.2%}."
      if len(full) else "At full size: not yet measured.")

# %%
lesson.progress(record)

# %% [markdown]
# ## Exercise 1: dropout by hand
#
# > Write dropout as it acts in training: a random mask, and the scaling that keeps the mean. `signal` is a NumPy array,
# > `rate` is $p$, and `rng` a NumPy random generator (`rng.random(shape)` draws numbers between 0 and 1).


# %%
def drop_by_hand(signal, rate, rng):
    ...


# %% tags=["nbval-check-output"]
lesson.check_drop_by_hand(drop_by_hand)

# %% [markdown]
# ## Exercise 2: when it says cat, is it one?
#
# > Which share of the cats does it recognise? That is **recall**. How far can you trust it: *of all the pictures that
# > it called cats, which share are cats?* That is **precision**. Write a function that returns the precision of every
# > class, from a confusion matrix with true classes in rows and predictions in columns. A class that was never
# > predicted shall get 0. Then apply it to `matrix`: which class can you trust least, and is it the one that is
# > recognised least?


# %%
def precisions(matrix):
    ...


# %% tags=["nbval-check-output"]
lesson.check_precisions(precisions)

# %% [markdown]
# Solutions: [solutions/11_cifar10_dropout.ipynb](solutions/11_cifar10_dropout.ipynb).
#
# ## What to take away
#
# * Photographs are a harder problem than digits. Compare networks after equally many steps on equally many pictures,
#   and ask which share of the mistakes a jump takes away.
# * Dropout trains a crowd of thinned networks that share their weights. Part of the gap that it closes is only its
#   handicap in training: compare like with like, and judge by validation accuracy and loss.
# * Know your data: where the pictures come from, whether anyone was asked, and whether test and training pictures are
#   really different ones.
#
# This network halves its pictures by pooling, which throws three of four answers away and learns nothing. Can a network
# do without it? [Lesson 12](12_all_conv.ipynb) tries.
#
# ## Sources
#
# * P. Veličković, *Deep learning for complete beginners*, part 2: the architecture and its training.
# * N. Srivastava and others, *Dropout: a simple way to prevent neural networks from overfitting*, 2014: masks, scaling,
#   and the crowd of thinned networks.
# * A. Krizhevsky, *Learning multiple layers of features from tiny images*, 2009.
# * A. Birhane and V. U. Prabhu, *Large image datasets: a pyrrhic win for computer vision?*, 2021.
# * B. Barz and J. Denzler, *Do we train on test data? Purging CIFAR of near-duplicates*, 2020.

# %% [markdown] jupyter={"source_hidden": true} tags=["instructor"]
# **For the instructor.** Let the group guess the accuracy of the mean colours before it is printed. The ten masks are
# the heart of the lesson: ask first whether the training accuracy that `fit` shows is "the" training accuracy. While
# the main run trains, the longest of the lesson, let them write down the pair of classes that they expect to be
# confused most. The section on where the pictures come from deserves ten minutes of talk: what would a fair collection
# look like? Likely wrong answers: in exercise 1 leaving out the scaling, scaling by $p$, or one mask for the whole
# batch; in exercise 2 dividing by the row sums, which gives the recall.
