"""What the course's data sets are: shapes, counts, classes, addresses and digests."""

from dataclasses import dataclass

BATCHES_FOLDER = "cifar-10-batches-py"
ARCHIVE_FILE = "cifar-10-python.tar.gz"
_CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


@dataclass(frozen=True)
class Spec:
    """One data set: its shape, its official counts and download, and how many images a mode uses.

    `sizes` maps a mode to its numbers of training, validation and test images. `published` maps the
    name of a published file to its digest, as "sha256:..." or "md5:...".
    """

    name: str
    title: str
    image_shape: tuple[int, int, int]
    n_train: int
    n_test: int
    class_names: tuple[str, ...]
    url: str
    sizes: dict[str, tuple[int, int, int]]
    published: dict[str, str]

    @property
    def published_file(self) -> str:
        """The name of the download."""
        return self.url.rsplit("/", 1)[1]

    @property
    def url_sha256(self) -> str:
        """The SHA-256 of the download, 64 hexadecimal digits."""
        return self.published[self.published_file].removeprefix("sha256:")

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


# The addresses and their SHA-256 are those of keras.datasets, the MD5 of CIFAR-10's batches those of
# torchvision.datasets.
SPECS = {
    "mnist": Spec(
        name="mnist",
        title="MNIST",
        image_shape=(28, 28, 1),
        n_train=60_000,
        n_test=10_000,
        class_names=tuple("0123456789"),
        url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
        sizes={
            "smoke": (256, 64, 256),
            "reduced": (5_000, 1_000, 10_000),
            "full": (54_000, 6_000, 10_000),
        },
        published={
            "mnist.npz": "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        },
    ),
    "cifar10": Spec(
        name="cifar10",
        title="CIFAR-10",
        image_shape=(32, 32, 3),
        n_train=50_000,
        n_test=10_000,
        class_names=_CIFAR10_CLASSES,
        url=f"https://www.cs.toronto.edu/~kriz/{ARCHIVE_FILE}",
        sizes={
            "smoke": (256, 64, 256),
            "reduced": (10_000, 2_000, 10_000),
            "full": (45_000, 5_000, 10_000),
        },
        published={
            ARCHIVE_FILE: "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            "data_batch_1": "md5:c99cafc152244af753f735de768cd75f",
            "data_batch_2": "md5:d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "md5:54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "md5:634d18415352ddfa80567beed471001a",
            "data_batch_5": "md5:482c414d41f54cd18b22e5b47cb7c3cb",
            "test_batch": "md5:40351d587109b95175f43aff81a1287e",
        },
    ),
}
