"""Everything that changes while a run goes on, and its way into a checkpoint and back.

No generator is among it: all randomness is a function of where the run stands (specc.data.randomness).
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, cast

import torch
from timm.utils import ModelEmaV3  # type: ignore[attr-defined]
from torch import Tensor

from specc.checkpoint.format import Encoded, encode
from specc.checkpoint.metadata import CheckpointInfo, Kind
from specc.errors import RunFailed
from specc.plan.file import dump
from specc.plan.model import Plan, StagePlan
from specc.runtime.models.model import ImageModel, set_trainable
from specc.runtime.monitor import Row
from specc.runtime.optimizers import build_optimizer, load_optimizer, optimizer_tensors
from specc.runtime.schedule import rate
from specc.runtime.tail import ClassScore
from specc.runtime.tensors import all_finite, to_raw

EMA, OPTIM, LOSSES = "ema.", "optim.", "progress.losses"


@dataclass(frozen=True)
class Snapshot:
    """A copy of what a checkpoint holds."""

    tensors: dict[str, Tensor]
    info: CheckpointInfo

    def encoded(self) -> Encoded:
        """Return the bytes of the checkpoint.

        Raises: RunFailed when a weight is not finite; such a state is never written.
        """
        if not all_finite(self.tensors):
            raise RunFailed(
                f"weights are not finite after step {self.info.step} of stage `{self.info.stage}`",
                help="the last good checkpoint stands; lower the rate, or set max_grad_norm",
            )
        return encode(to_raw(self.tensors), self.info.to_json())


@dataclass
class State:
    """A model and how far its training is."""

    plan: Plan
    model: ImageModel
    ema: ModelEmaV3 | None
    device: torch.device
    environment: dict[str, Any]
    spec: str
    stage: int = 0
    step: int = 0
    """Optimizer steps finished in the stage."""
    history: list[Row] = field(default_factory=list)
    best: dict[str, Any] | None = None
    tail: list[ClassScore] = field(default_factory=list)
    """The rare classes by the stage's latest validation."""
    epoch_losses: list[float] = field(default_factory=list)
    """Losses of the steps of the epoch that is under way."""
    micro_batch: int | None = None
    """Samples of a forward pass in the stage, where memory did not suffice for what the plan says."""
    unreadable: list[str] = field(default_factory=list)
    """Samples that were left out because they cannot be read, in words."""
    left_out: int = 0
    """Steps in a row that were left out because something was not finite."""
    optimizer: torch.optim.Optimizer | None = None
    scaler: torch.amp.GradScaler | None = None

    @cached_property
    def plan_text(self) -> str:
        """The plan as a file has it."""
        return dump(self.plan)

    @property
    def of_stage(self) -> StagePlan:
        """The plan of the stage that is under way."""
        return self.plan.stages[self.stage]

    @property
    def stage_rows(self) -> list[Row]:
        """The stage's epochs so far."""
        return [row for row in self.history if row["stage"] == self.of_stage.name]

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step of the stage."""
        falls_on_plateaus = any(phase.kind == "plateau" for phase in self.of_stage.schedule)
        rows = self.stage_rows if falls_on_plateaus else []
        return rate(self.of_stage, step, [row["val"]["loss"] for row in rows if "loss" in row["val"]])

    @property
    def global_step(self) -> int:
        """Optimizer steps finished in the run, by the plan's count of the stages before."""
        return sum(stage.steps or 0 for stage in self.plan.stages[: self.stage]) + self.step

    @property
    def evaluated(self) -> ImageModel:
        """The weights that validation sees: the average where one is kept."""
        return cast("ImageModel", self.ema.module) if self.ema else self.model

    def begin_stage(self, index: int) -> None:
        """Freeze and unfreeze, and make the stage's optimizer."""
        carried = optimizer_tensors(self.optimizer, self.model) if self.optimizer else {}
        self.stage, self.step, self.epoch_losses, self.tail = index, 0, [], []
        self.micro_batch = None
        stage = self.of_stage
        members = {group.name: group.parameters for group in self.plan.model.groups}
        set_trainable(self.model, {name for group in stage.train for name in members[group]})
        self.optimizer = build_optimizer(self.plan, stage, self.model)
        if stage.carry_optimizer:
            load_optimizer(self.optimizer, self.model, carried)
        self.scaler = _scaler(stage, self.device)

    def forward_size(self, samples: int) -> int:
        """Return the samples of a forward pass, of a batch of so many."""
        planned = self.of_stage.micro_batch_size
        return min(samples, self.micro_batch or (samples if planned == "auto" else planned))

    def statistics(self) -> dict[str, Tensor]:
        """Return what forward passes change: the running statistics of normalisation that trains."""
        return {
            f"{path}.{name}": buffer
            for path, module in self.model.named_modules()
            if module.training and path
            for name, buffer in module.named_buffers(recurse=False)
            if name not in module._non_persistent_buffers_set  # noqa: SLF001
        }

    def buffers(self) -> dict[str, Tensor]:
        """Return copies of running statistics."""
        return {name: buffer.clone() for name, buffer in self.statistics().items()}

    def load_buffers(self, buffers: Mapping[str, Tensor]) -> None:
        """Take copies back."""
        now = self.statistics()
        for name, buffer in buffers.items():
            now[name].copy_(buffer)

    def weights(self) -> dict[str, Tensor]:
        """Return the evaluated weights under the model's own names."""
        return dict(self.evaluated.state_dict())

    def tensors(self) -> dict[str, Tensor]:
        """Return all that a run needs to go on."""
        assert self.optimizer is not None  # noqa: S101
        averaged = self.ema.module.state_dict() if self.ema else {}
        losses = torch.tensor(self.epoch_losses, dtype=torch.float64)
        return {
            **self.model.state_dict(),
            **{EMA + name: tensor for name, tensor in averaged.items()},
            **optimizer_tensors(self.optimizer, self.model),
            **({LOSSES: losses} if self.epoch_losses else {}),
        }

    def snapshot(self, kind: Kind) -> "Snapshot":
        """Copy what a checkpoint holds, so that training can go on while it is written."""
        tensors = self.weights() if kind == "best" else self.tensors()
        copies = {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}
        return Snapshot(copies, self.info(kind))

    def info(self, kind: Kind, results: dict[str, Any] | None = None) -> CheckpointInfo:
        """Return what the checkpoint says of itself."""
        stage = self.of_stage
        return CheckpointInfo(
            kind=kind,
            name=self.plan.name,
            plan_digest=self.plan.digest,
            stage=stage.name,
            stage_index=self.stage,
            stage_digest=self.plan.stage_digests[self.stage],
            epoch=len(self.stage_rows),
            step=self.step,
            global_step=self.global_step,
            stages_total=len(self.plan.stages),
            epochs_total=math.ceil(stage.epochs or 0),
            steps_total=stage.steps or 0,
            finished=results is not None,
            finite=True,
            history=list(self.history),
            best=self.best,
            tail=[asdict(score) for score in self.tail],
            micro_batch=self.micro_batch,
            unreadable=sorted(self.unreadable),
            results=results,
            scaler=self.scaler.state_dict() if self.scaler and self.scaler.is_enabled() else None,
            plan=self.plan_text,
            spec=self.spec,
            environment=self.environment,
        )

    def restore(self, info: CheckpointInfo, tensors: Mapping[str, Tensor]) -> None:
        """Go back to where a checkpoint was taken."""
        self.load_weights(tensors)
        self.begin_stage(info.stage_index)
        assert self.optimizer is not None  # noqa: S101
        assert self.scaler is not None  # noqa: S101
        load_optimizer(self.optimizer, self.model, tensors)
        if info.scaler:
            self.scaler.load_state_dict(info.scaler)
        self.step, self.history, self.best = info.step, list(info.history), info.best
        self.tail, self.micro_batch = [ClassScore(**score) for score in info.tail], info.micro_batch
        self.unreadable = list(info.unreadable)
        self.epoch_losses = tensors[LOSSES].tolist() if LOSSES in tensors else []

    def load_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Take weights, and their average where the checkpoint has one."""
        own = {name: tensors[name] for name in self.model.state_dict()}
        self.model.load_state_dict(own)
        if self.ema:
            averaged = {name: tensors.get(EMA + name, tensor) for name, tensor in own.items()}
            self.ema.module.load_state_dict(averaged)


def _scaler(stage: StagePlan, device: torch.device) -> torch.amp.GradScaler:
    """Return what keeps gradients in the range of fp16; on accelerators it also leaves out steps that are not finite.

    In other precisions its scale is 1, which changes no bit, and it falls when such a step was left out.
    """
    if stage.precision == "fp16":
        return torch.amp.GradScaler(device.type)
    return torch.amp.GradScaler(device.type, init_scale=1.0, growth_interval=2**31 - 1, enabled=device.type == "cuda")
