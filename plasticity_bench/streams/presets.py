"""The streams that come with the package, by id, and the protocols that they follow.

A namespace names the source: the paper whose protocol a stream follows, as far as it is published
(docs/streams.md lists what is not), `standard` for those of the suite of that name, or `plasticity`
for small streams of this package on data that need no download. A published id is never edited; a
change is a new version.
"""

from plasticity_bench.streams.changing_rewards import ChangingRewards
from plasticity_bench.streams.changing_text import ChangingText
from plasticity_bench.streams.class_groups import ClassGroups
from plasticity_bench.streams.class_incremental import ClassIncremental
from plasticity_bench.streams.conflicting_labels import ConflictingLabels
from plasticity_bench.streams.drawn_changes import DrawnChanges
from plasticity_bench.streams.growing_data import GrowingData
from plasticity_bench.streams.hard_easy_classes import HardEasyClasses
from plasticity_bench.streams.permuted_classes import PermutedClasses
from plasticity_bench.streams.permuted_labels import PermutedLabels
from plasticity_bench.streams.permuted_pixels import PermutedPixels
from plasticity_bench.streams.random_labels import RandomLabels
from plasticity_bench.streams.registry import register
from plasticity_bench.streams.slowly_changing_regression import SlowlyChangingRegression


def register_all() -> None:
    """Register every stream of the package."""
    _small()
    _standard()
    _lewandowski2023()
    _kumar2023()
    _dohare2024()
    _upgd2024()
    _warm_starts()


def _small() -> None:
    """Streams of each kind on 1,797 digits: minutes, and no download."""
    register("plasticity/RandomLabelDigits-v0", RandomLabels, num_examples=512)
    register("plasticity/PermutedLabelDigits-v0", PermutedLabels, num_examples=512)
    register("plasticity/PermutedClassDigits-v0", PermutedClasses, num_examples=512)
    register("plasticity/PermutedPixelDigits-v0", PermutedPixels, num_examples=512)
    register("plasticity/ConflictingLabelDigits-v0", ConflictingLabels, num_examples=128)
    register("plasticity/HeldOutDigits-v0", DrawnChanges, num_examples=128)
    register("plasticity/ClassPairDigits-v0", ClassGroups, test_per_class=24)
    register("plasticity/HardEasyDigits-v0", HardEasyClasses)
    register(
        "plasticity/IncrementalDigits-v0",
        ClassIncremental,
        num_tasks=5,
        classes_per_task=2,
        epochs=20,
        test_per_class=24,
    )
    register("plasticity/WarmStartDigits-v0", GrowingData, epochs=50)
    register(
        "plasticity/ChangingRewards-v0",
        ChangingRewards,
        num_tasks=40,
        updates_per_task=400,
        batch_size=64,
    )
    register(
        "plasticity/ChangingText-v0",
        ChangingText,
        num_tasks=40,
        updates_per_task=300,
        num_examples=256,
    )
    register(
        "plasticity/SlowlyChangingRegression-v0",
        SlowlyChangingRegression,
        num_tasks=30,
        updates_per_task=200,
        batch_size=32,
    )


def _standard() -> None:
    """Real images, in many short tasks that a fresh network learns."""
    register(
        "standard/RandomLabelMNIST-v0",
        RandomLabels,
        dataset="mnist",
        num_tasks=100,
        num_examples=256,
        updates_per_task=200,
        batch_size=32,
    )
    register(
        "standard/DriftingClassFashionMNIST-v0",
        PermutedClasses,
        dataset="fashion_mnist",
        num_tasks=200,
        num_examples=256,
        updates_per_task=100,
        batch_size=32,
        transition=50,
    )
    register(
        "standard/PermutedClassCIFAR10-v0",
        PermutedClasses,
        dataset="cifar10",
        num_tasks=60,
        num_examples=128,
        updates_per_task=150,
        batch_size=16,
    )


def _lewandowski2023() -> None:
    """arXiv:2312.00246. Reconstructed: the paper's own sizes are not known to us."""
    fixed = {"num_tasks": 30, "batch_size": 256}
    register(
        "lewandowski2023/RandomLabelMNIST-v0",
        RandomLabels,
        dataset="mnist",
        num_examples=25_600,
        updates_per_task=20_000,  # 200 epochs
        **fixed,
    )
    register(
        "lewandowski2023/SeparableMNIST-v0",
        PermutedLabels,
        dataset="mnist",
        num_examples=1_280,
        updates_per_task=1_000,  # 200 epochs
        **fixed,
    )
    register(
        "lewandowski2023/PermutedMNIST-v0",
        PermutedPixels,
        dataset="mnist",
        num_examples=51_200,
        updates_per_task=40_000,  # 200 epochs
        **fixed,
    )
    register(
        "lewandowski2023/ShuffledCIFAR10-v0",
        PermutedClasses,
        dataset="cifar10",
        num_examples=5_000,
        updates_per_task=3_906,  # 200 epochs
        **fixed,
    )
    register(
        "lewandowski2023/RandomLabelCIFAR10-v0",
        RandomLabels,
        dataset="cifar10",
        num_examples=20_400,
        updates_per_task=15_937,  # 200 epochs
        **fixed,
    )
    register(
        "lewandowski2023/RandomLabelImageNet-v0",
        RandomLabels,
        dataset="imagenet32",
        num_examples=128_000,
        updates_per_task=100_000,  # 200 epochs
        **fixed,
    )
    register(
        "lewandowski2023/RandomLabelTinyImageNet-v0",  # ours: for those without ImageNet
        RandomLabels,
        dataset="tiny_small32",
        num_examples=20_000,
        updates_per_task=15_625,  # 200 epochs
        **fixed,
    )


def _kumar2023() -> None:
    """arXiv:2308.11958, section 5 and appendix."""
    labels = {"num_tasks": 50, "updates_per_task": 30_000, "batch_size": 16, "num_examples": 1_200}
    register(
        "kumar2023/PermutedMNIST-v0",
        PermutedPixels,
        dataset="mnist",
        num_tasks=500,
        updates_per_task=625,  # one pass
        batch_size=16,
        num_examples=10_000,
    )
    register("kumar2023/RandomLabelMNIST-v0", RandomLabels, dataset="mnist", **labels)
    register("kumar2023/RandomLabelCIFAR10-v0", RandomLabels, dataset="cifar10", **labels)
    register(
        "kumar2023/HardEasyCIFAR100-v0",
        HardEasyClasses,
        dataset="cifar100",
        num_tasks=30,
        updates_per_task=780,
        batch_size=32,
    )
    register(
        "kumar2023/ContinualImageNet-v0",
        ClassGroups,
        dataset="imagenet32",
        num_tasks=500,
        updates_per_task=120,  # ten passes
        batch_size=100,
        train_per_class=600,
        test_per_class=100,
    )


def _dohare2024() -> None:
    """doi:10.1038/s41586-024-07711-7, and its public code."""
    register(
        "dohare2024/ContinualImageNet-v0",
        ClassGroups,
        dataset="imagenet32",
        num_tasks=2_000,
        updates_per_task=3_000,  # 250 passes
        batch_size=100,
        train_per_class=600,
        test_per_class=100,
        resets_head=True,
    )
    register(
        "dohare2024/PermutedMNIST-v0",
        PermutedPixels,
        dataset="mnist",
        num_tasks=800,
        updates_per_task=60_000,  # one pass
        batch_size=1,
    )
    register(
        "dohare2024/IncrementalCIFAR100-v0",
        ClassIncremental,
        dataset="cifar100",
        num_tasks=20,
        classes_per_task=5,
        epochs=200,
        batch_size=90,
        train_per_class=450,
    )
    register("dohare2024/SlowlyChangingRegression-v0", SlowlyChangingRegression)


def _upgd2024() -> None:
    """Elsayed and Mahmood, arXiv:2404.00781: a million examples, one at a time, each seen once."""
    online = {"batch_size": 1, "new_examples": True}
    pixels = {"num_tasks": 200, "updates_per_task": 5_000, "num_examples": 5_000, **online}
    classes = {"num_tasks": 400, "updates_per_task": 2_500, "num_examples": 2_500, **online}
    register("upgd2024/PermutedMNIST-v0", PermutedPixels, dataset="mnist", **pixels)
    register("upgd2024/PermutedClassEMNIST-v0", PermutedClasses, dataset="emnist", **classes)
    register("upgd2024/PermutedClassCIFAR10-v0", PermutedClasses, dataset="cifar10", **classes)


def _warm_starts() -> None:
    """Ash and Adams (2020), arXiv:1910.08475; Lee et al. (2024), arXiv:2406.02596, and its code.

    Reconstructed: how many passes the former make, and their batches.
    """
    register(
        "ash2020/WarmStartCIFAR10-v0", GrowingData, dataset="cifar10", epochs=350, batch_size=128
    )
    lee = {"dataset": "cifar10", "epochs": 100, "batch_size": 256}
    register(
        "lee2024/WarmStartCIFAR10-v0",
        GrowingData,
        shares=(0.1, 0.9),
        label_noise=(0.5, 0.0),
        **lee,
    )
    register(
        "lee2024/NoisyLabelCIFAR10-v0",
        GrowingData,
        num_tasks=10,
        shares=(0.1,) * 10,
        label_noise=(0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1, 0.0),
        **lee,
    )
