"""What the course's data sets are: shapes, counts, classes, addresses and digests."""

from dataclasses import dataclass

BATCHES_FOLDER = "cifar-10-batches-py"
ARCHIVE_FILE = "cifar-10-python.tar.gz"


@dataclass(frozen=True)
class Spec:
    """One data set: its shape, its official counts and download, and how many images a mode uses.

    `sizes` maps a mode to its numbers of training, validation and test images. `digests` maps a
    split to the digests of the official files' contents, in the format that `is_official` rebuilds.
    """

    name: str
    title: str
    image_shape: tuple[int, int, int]
    n_train: int
    n_test: int
    class_names: tuple[str, ...]
    url: str
    url_sha256: str
    sizes: dict[str, tuple[int, int, int]]
    digests: dict[str, tuple[str, ...]]

    @property
    def file(self) -> str:
        """The name of the course's file."""
        return f"{self.name}.npz"

    def count(self, split: str) -> int:
        """The official number of images in "train" or "test"."""
        return self.n_train if split == "train" else self.n_test

    def mend(self) -> str:
        """The sentence that ends every error about this data set."""
        return (
            f"Mend it with `course data fetch {self.name}`, or without a network with "
            f"`course data import FOLDER`, where FOLDER holds {self.file}."
        )


# The addresses and their SHA-256 are those of keras.datasets. MNIST's digests are the SHA-256 of
# the four uncompressed IDX files; CIFAR-10's are the MD5 of the six files of its "binary version".
SPECS = {
    "mnist": Spec(
        name="mnist",
        title="MNIST",
        image_shape=(28, 28, 1),
        n_train=60_000,
        n_test=10_000,
        class_names=tuple("0123456789"),
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        url_sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        sizes={
            "smoke": (512, 128, 512),
            "reduced": (5_000, 1_000, 10_000),
            "full": (54_000, 6_000, 10_000),
        },
        digests={
            "train": (
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            "test": (
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        },
    ),
    "cifar10": Spec(
        name="cifar10",
        title="CIFAR-10",
        image_shape=(32, 32, 3),
        n_train=50_000,
        n_test=10_000,
        class_names=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        url=f"https://www.cs.toronto.edu/~kriz/{ARCHIVE_FILE}",
        url_sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        sizes={
            "smoke": (512, 128, 512),
            "reduced": (10_000, 2_000, 10_000),
            "full": (45_000, 5_000, 10_000),
        },
        digests={
            "train": (
                "5dd7e06a14cb22eb9f671a540d1b7c25",
                "5ea93a67294ea407fff1d09f752e9692",
                "942cd6a4bcdd0dd3c604fbe906cb4421",
                "ae636b3ba5c66a11e91e8cb52e771fcb",
                "53f37980c15c3d472c316c40844f3f0d",
            ),
            "test": ("803d5f7f4d78ea53de84dbe85f74fb6d",),
        },
    ),
}
