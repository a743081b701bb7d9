"""Who takes part, and where each keeps what the others keep elsewhere."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@dataclass(frozen=True)
class Contender:
    """A trainer in one configuration, and where it keeps its files."""

    name: str
    packages: tuple[str, ...]
    module: str
    checkpoints: str
    """Pattern of its checkpoints, files or folders, in its folder."""
    words: tuple[str, ...] = ()
    """What its module is told beside its folder: how it is configured."""
    weights: str = ""
    """The file with the weights, where a checkpoint is a folder."""
    key: str | None = None
    """Where the weights are in that file, where they are not all of it."""
    final: str = "final.safetensors"
    """The weights that it ends with."""

    def missing(self) -> list[str]:
        return [package for package in self.packages if not installed(package)]

    def newest(self, folder: Path) -> Path:
        return max(folder.glob(self.checkpoints), key=lambda path: path.stat().st_mtime_ns)


def installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


LIGHTNING = {"module": "with_lightning", "checkpoints": "saved/last*.ckpt", "key": "state_dict"}
ACCELERATE = {"module": "with_accelerate", "checkpoints": "step_*", "weights": "model.safetensors"}
TORCHDATA = {"module": "with_torchdata", "checkpoints": "saved.pt", "key": "model"}
SPECC = {"module": "with_specc", "checkpoints": "job/last.safetensors", "final": "job/stages/all.safetensors"}

CONTENDERS = (
    Contender("lightning", ("lightning", "torchdata"), **LIGHTNING),
    Contender("lightning, stateful", ("lightning", "torchdata"), words=("stateful",), **LIGHTNING),
    Contender("accelerate", ("accelerate",), **ACCELERATE),
    Contender("accelerate, seedable", ("accelerate",), words=("seedable",), **ACCELERATE),
    Contender("accelerate, stateful", ("accelerate", "torchdata"), words=("stateful",), **ACCELERATE),
    Contender("torchdata", ("torchdata",), **TORCHDATA),
    Contender("torchdata, every state", ("torchdata",), words=("every",), **TORCHDATA),
    Contender("specc", ("specc",), **SPECC),
)
