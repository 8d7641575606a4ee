"""The package's models: the sources' architectures, with any of the techniques in its place.

Like test_layers.py this file runs under any backend; test_backends.py runs it under the others.
"""

import itertools

import keras
import numpy as np
import pytest
from keras import layers

from course_utils import models
from course_utils.layers import FusedBatchNormalization, RandomShift

CNNS = {
    "baseline_cnn": models.build_cnn,
    "dropout_cnn": models.build_dropout_cnn,
    "all_conv": models.build_all_conv,
    "small_all_conv": models.build_small_all_conv,
}
# The smallest image that every one of them takes.
TINY = (16, 16, 1)


@pytest.fixture(autouse=True)
def _float32():
    keras.config.set_dtype_policy("float32")
    keras.utils.set_random_seed(1)
    yield
    keras.config.set_dtype_policy("float32")


def of_kind(model, *kinds):
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def start_of(layer):
    return type(layer.kernel_initializer).__name__


def images_for(model, count=4):
    shape = (count, *model.input_shape[1:])
    return np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")


def outputs_of(model, images):
    return keras.ops.convert_to_numpy(model(images))


def description(model):
    """The layers in order: kind and configuration, without the names that Keras counts up."""
    return [
        (type(layer).__name__, without_names({**layer.get_config(), "name": ""}))
        for layer in model.layers
        if not isinstance(layer, layers.InputLayer)
    ]


def without_names(config):
    """A configuration without the module paths and shared names that loading adds."""
    if not isinstance(config, dict):
        return config
    dropped = ("module", "registered_name", "shared_object_id", "build_config")
    return {key: without_names(value) for key, value in config.items() if key not in dropped}


# Names of techniques


@pytest.mark.parametrize("nothing", [None, "", " ", "none", "plain", (), [], set()])
def test_no_techniques(nothing):
    assert models.parse_techniques(nothing) == ()
    assert models.techniques_label(nothing) == ""


def test_techniques_come_out_once_and_in_the_course_order():
    expected = ("l2", "batch_norm", "early_stopping")
    for given in (
        "early_stopping+l2+batch_norm",
        " batch_norm + l2 +early_stopping",
        ["batch_norm", "l2", "early_stopping", "l2"],
        {"early_stopping", "l2", "batch_norm"},
        iter(expected),
    ):
        assert models.parse_techniques(given) == expected
    assert models.techniques_label({"ensemble", "he_init"}) == "he_init+ensemble"
    assert models.parse_techniques("+".join(models.TECHNIQUES)) == models.TECHNIQUES
    # What the articles do not use comes last, and is none of the six.
    assert models.techniques_label("cosine_decay+l2") == "l2+cosine_decay"
    assert not set(models.FURTHER) & set(models.TECHNIQUES)


@pytest.mark.parametrize("given", ["l3", "l2+", "l2+dropout", ["L2"], [3], "l2,he_init", "l2+none"])
def test_an_unknown_technique_is_refused_by_name(given):
    with pytest.raises(ValueError, match=r"techniques=.*is not a technique.*l2, he_init"):
        models.build_cnn(given)
    with pytest.raises(ValueError, match=r"techniques=5 is neither a text nor.*l2, he_init"):
        models.build_cnn(5)


# The sources' architectures


@pytest.mark.parametrize(
    ("build", "weights", "outputs"),
    [
        (models.build_mlp, 669_706, None),
        (models.build_cnn, 813_802, [(28, 28, 32), (28, 28, 32)]),
        (models.build_dropout_cnn, 2_168_362, [(32, 32, 32)] * 2 + [(16, 16, 64)] * 2),
        (
            models.build_all_conv,
            1_834_602,
            [(30, 30, 96), (14, 14, 96), (12, 12, 192), (5, 5, 192)],
        ),
        (models.build_small_all_conv, 1_437_962, [(30, 30, 32), (13, 13, 64)]),
    ],
)
def test_plain_models_are_the_sources(build, weights, outputs):
    model = build()
    assert model.count_params() == weights
    if outputs:
        assert [layer.output.shape[1:] for layer in of_kind(model, layers.Conv2D)] == outputs
    weighty = of_kind(model, layers.Conv2D, layers.Dense)
    assert {start_of(layer) for layer in weighty} == {"GlorotUniform"}
    assert {layer.kernel_regularizer for layer in weighty} == {None}
    assert {layer.activation.__name__ for layer in weighty[:-1]} == {"relu"}
    assert weighty[-1].activation.__name__ == "softmax"
    assert model.layers[1].scale == 1 / 255
    assert not of_kind(model, RandomShift, layers.Average)
    assert len(of_kind(model, layers.BatchNormalization)) == (model.name == "all_conv")


def test_names_and_rates_are_the_sources():
    rates = {
        "baseline_cnn": [0.25, 0.5],
        "dropout_cnn": [0.25, 0.25, 0.5],
        "all_conv": [0.2, 0.5],
        "small_all_conv": [0.1, 0.2, 0.3],
    }
    for name, build in CNNS.items():
        model = build()
        assert model.name == name
        assert [layer.rate for layer in of_kind(model, layers.Dropout)] == rates[name]
        halved = of_kind(build(dropout=0.5), layers.Dropout)
        assert [layer.rate for layer in halved] == [rate / 2 for rate in rates[name]]
    convolutions = of_kind(models.build_small_all_conv(), layers.Conv2D)
    assert [layer.use_bias for layer in convolutions] == [True, False]
    assert [layer.kernel_size for layer in convolutions] == [(3, 3), (5, 5)]


# The techniques


@pytest.mark.parametrize("name", CNNS)
def test_l2_and_he_are_on_the_weight_layers_and_glorot_on_the_softmax(name):
    model = CNNS[name]("l2+he_init", l2=3e-3, shape=TINY)
    weighty = of_kind(model, layers.Conv2D, layers.Dense)
    for layer in weighty:
        assert float(layer.kernel_regularizer.l2) == pytest.approx(3e-3)
        assert layer.bias_regularizer is None
    assert {start_of(layer) for layer in weighty[:-1]} == {"HeUniform"}
    assert start_of(weighty[-1]) == "GlorotUniform"


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_the_l2_term_is_a_float32_sum(policy):
    keras.config.set_dtype_policy(policy)
    model = models.build_cnn("l2", shape=TINY)
    term = sum(model.losses)
    assert keras.backend.standardize_dtype(term.dtype) == "float32"
    kernels = [w for w in model.get_weights() if w.ndim > 1]
    exact = 1e-4 * sum(np.square(kernel, dtype="float64").sum() for kernel in kernels)
    assert float(keras.ops.convert_to_numpy(term)) == pytest.approx(exact, rel=1e-5)
    # Keras reports the term with the loss: an untrained model's is above the cross-entropy by it.
    images, labels = images_for(model, 10), np.arange(10)
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    reported = model.evaluate(images, labels, verbose=0)
    probabilities = outputs_of(model, images)
    cross_entropy = -np.log(probabilities[labels, labels]).mean()
    assert reported == pytest.approx(cross_entropy + exact, rel=1e-3)


@pytest.mark.parametrize("name", CNNS)
def test_batch_norm_follows_the_input_and_every_activation(name):
    model = CNNS[name]("batch_norm", momentum=0.9, shape=TINY)
    assert not of_kind(model, layers.Rescaling)
    kinds = [type(layer) for layer in model.layers]
    assert kinds[1] is FusedBatchNormalization
    for kind, following in itertools.pairwise(kinds[:-1]):
        if kind in (layers.Conv2D, layers.Dense):
            assert following is FusedBatchNormalization
    assert kinds[-1] is layers.Dense
    norms = of_kind(model, layers.BatchNormalization)
    hidden = len(of_kind(model, layers.Conv2D, layers.Dense)) - 1
    assert len(norms) == 1 + hidden + (name == "all_conv")
    assert {norm.momentum for norm in norms} == {0.9}


@pytest.mark.parametrize("others", [(), ("batch_norm",)])
def test_augmentation_shifts_the_input(others):
    model = models.build_cnn({"augmentation", *others}, shift=0.2)
    assert isinstance(model.layers[1], RandomShift)
    assert model.layers[1].factor == 0.2


def test_members_share_the_prepared_input_and_are_averaged():
    model = models.build_cnn(models.TECHNIQUES, members=3, shape=TINY)
    assert len(of_kind(model, RandomShift)) == 1
    assert len(of_kind(model, layers.Conv2D)) == 6
    assert len(of_kind(model, layers.BatchNormalization)) == 1 + 3 * 3
    (mean,) = of_kind(model, layers.Average)
    members = keras.Model(model.input, mean.input)
    images = images_for(model)
    each = [keras.ops.convert_to_numpy(output) for output in members(images)]
    assert len(each) == 3
    assert not np.allclose(each[0], each[1])
    np.testing.assert_allclose(outputs_of(model, images), np.mean(each, axis=0), atol=1e-6)


def test_members_count_only_in_an_ensemble():
    plain = models.build_cnn(members=5).count_params()
    assert models.build_cnn("ensemble", members=1).count_params() == plain
    assert models.build_cnn("ensemble", members=2).count_params() == 2 * plain


def test_early_stopping_changes_the_training_and_not_the_model():
    plain, stopped = (description(models.build_cnn(names)) for names in ("", "early_stopping"))
    assert plain == stopped
    callback = models.early_stopping(patience=7)
    assert callback.patience == 7
    assert callback.monitor == "val_loss"
    assert callback.restore_best_weights is True
    assert models.early_stopping().patience == 5


@pytest.mark.parametrize("patience", [0, -1, 2.5, "5", None, True])
def test_patience_below_one_is_refused(patience):
    with pytest.raises(ValueError, match=r"patience=.*at least 1"):
        models.early_stopping(patience)


@pytest.mark.parametrize("build", CNNS.values(), ids=CNNS)
@pytest.mark.parametrize(
    ("argument", "values", "allowed"),
    [
        ("l2", [-1e-9, float("nan"), float("inf"), "1e-4", None], "at least 0"),
        ("members", [0, -1, 1.5, "3", None, True], "at least 1"),
        ("shift", [-0.01, 0.51, float("nan"), "0.1", None], r"from 0 to 0\.5"),
        ("momentum", [-0.1, 1, float("nan"), None], "from 0 to below 1"),
        ("dropout", [-0.1, float("nan"), None], "at least 0"),
        ("dropout", [20], r"from 0 to below"),
    ],
)
def test_an_argument_out_of_range_is_refused_with_its_range(build, argument, values, allowed):
    for value in values:
        with pytest.raises(ValueError, match=rf"{argument}=.*{allowed}"):
            build(**{argument: value})


def test_limits_and_numpy_numbers_are_allowed():
    limits = {"members": np.int64(1), "l2": np.float64(0), "shift": np.float32(0.5)}
    models.build_cnn("l2+augmentation+ensemble", momentum=0, dropout=0, **limits)


# What every model promises


@pytest.mark.parametrize(
    ("name", "members", "policy"),
    [("baseline_cnn", 2, "float32"), *((name, 1, "mixed_bfloat16") for name in CNNS)],
)
def test_all_six_train_from_integers_to_float32_probabilities(name, members, policy):
    keras.config.set_dtype_policy(policy)
    model = CNNS[name](models.TECHNIQUES, members=members, shape=TINY)
    # XLA would take longer to compile each of them than to train it.
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    images, labels = images_for(model, 6), np.arange(6)
    history = model.fit(images, labels, batch_size=4, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    probabilities = outputs_of(model, images)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(probabilities, outputs_of(model, images.astype("float32")))


def test_the_seed_decides_the_weights():
    def weights(seed):
        keras.utils.set_random_seed(seed)
        model = models.build_cnn("ensemble+he_init", members=2, shape=TINY)
        return np.concatenate([weight.ravel() for weight in model.get_weights()])

    one = weights(3)
    np.testing.assert_array_equal(one, weights(3))
    assert not np.array_equal(one, weights(4))


def test_a_saved_model_loads_with_what_it_learned(tmp_path):
    model = models.build_cnn(models.TECHNIQUES, members=2, shape=TINY)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert description(loaded) == description(model)
    images = images_for(model)
    np.testing.assert_array_equal(outputs_of(model, images), outputs_of(loaded, images))
