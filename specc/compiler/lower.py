"""From a checked Spec to a Plan that knows nothing of the data yet; the passes fill in what depends on it."""

from typing import Any

from specc.compiler.context import Context
from specc.compiler.defaults import DEFAULT_BATCH, DEFAULT_OPTIMIZER
from specc.compiler.images import STATISTICS, output_size
from specc.compiler.operations import gate, monitor, operation
from specc.frontend.expressions import parse_call
from specc.paths import KeyPath
from specc.plan.model import (
    AugmentPlan,
    DataPlan,
    EvaluatePlan,
    HeadPlan,
    LabelPlan,
    LossTerm,
    ModelPlan,
    MonitorPlan,
    Operation,
    PhasePlan,
    Plan,
    RunPlan,
    SamplingPlan,
    StagePlan,
    StopPlan,
)
from specc.spec.expressions import Call, Loss, Schedule, Stop
from specc.spec.stages import Stage


def lower(context: Context) -> Plan:
    """Return the plan of a spec without its data."""
    spec = context.spec
    return Plan(
        name=spec.name,
        seed=spec.seed,
        data=_data(context),
        augment=_augment(context),
        model=_model(context),
        stages=tuple(_stage(context, path, stage) for path, stage in context.stages()),
        evaluate=_evaluate(context),
        privacy=Operation(kind="dp_sgd", args=spec.privacy.model_dump()) if spec.privacy else None,
        export=Operation(
            kind="export", args={"formats": list(spec.export.formats), "precision": spec.export.precision}
        ),
        run=_run(context),
        origins=_origins(context),
    )


def _data(context: Context) -> DataPlan:
    data = context.spec.data
    labels = tuple(
        LabelPlan(
            name=name, column=label.column or ("folder" if label.folder else name), within=label.within, kind=label.as_
        )
        for name, label in data.labels.items()
    )
    return DataPlan(
        source=data.source,
        location=data.location | (operation("dataset", data.dataset).args if data.dataset else {}),
        image=data.image,
        channels=data.channels,
        labels=labels,
        rare={name: label.rare for name, label in data.labels.items() if label.rare},
        split=operation("split", data.split) if data.split else None,
        group=data.group,
        fold=data.fold,
        limit=data.limit,
        on_bad_sample=data.on_bad_sample,
        samples=None,
        fingerprints=None,
    )


def _augment(context: Context) -> AugmentPlan:
    augment, channels = context.spec.augment, context.spec.data.channels
    statistics = _shared_normalize(augment.train, augment.eval)
    side = output_size(augment.eval)[0] or output_size(augment.train)[0]
    backbone = context.backbone
    side = side or (backbone.input_size[1] if backbone else 0)
    views = (augment.views,) if augment.views else ()
    return AugmentPlan(
        train=tuple(operation("views", v) for v in views) or transforms(augment.train),
        eval=transforms(augment.eval),
        normalize=_normalize(context, statistics, channels) if statistics else None,
        input_size=(channels, side, side),
    )


def transforms(calls: tuple[Call, ...]) -> tuple[Operation, ...]:
    """Return transforms as operations.

    A last `normalize` is left out: whole batches are normalised on the device, all lists alike. A `resize` that no crop
    follows makes a square; before a crop it sizes the shorter side, as torchvision's does.
    """
    kept = calls[:-1] if calls and calls[-1].function == "normalize" else calls
    last = output_size(kept)[1]
    operations = []
    for index, call in enumerate(kept):
        made = operation("transform", call)
        if call.function == "resize":
            key = "side" if index == last else "shorter"
            made = Operation(kind="resize", args={key: made.args["size"]})
        operations.append(made)
    return tuple(operations)


def _shared_normalize(train: tuple[Call, ...], evaluation: tuple[Call, ...]) -> Call | None:
    """Return the `normalize` that ends both lists, if it is one and the same."""
    lasts = [calls[-1] for calls in (train, evaluation) if calls]
    same = bool(lasts) and all(call.function == "normalize" and call == lasts[0] for call in lasts)
    return lasts[0] if same else None


def _normalize(context: Context, call: Call, channels: int) -> Operation:
    name = str(call.arguments["statistics"])
    backbone = context.backbone
    mean, std = (backbone.mean, backbone.std) if name == "model" and backbone else STATISTICS[name]
    if len(mean) != channels:
        mean, std = (sum(mean) / len(mean),) * channels, (sum(std) / len(std),) * channels
    return Operation(kind="normalize", args={"mean": list(mean), "std": list(std)})


def _model(context: Context) -> ModelPlan:
    model = context.spec.model
    labels = context.spec.data.labels
    backbone = context.backbone
    return ModelPlan(
        backbone=model.backbone,
        architecture=operation("architecture", model.architecture) if model.architecture else None,
        pretrained=model.pretrained,
        start_from=model.start_from,
        drop_path_rate=model.drop_path_rate,
        norm=model.norm,
        features=backbone.features if backbone else None,
        heads=tuple(
            HeadPlan(
                name=name,
                kind=head.kind,
                label=name if name in labels else None,
                routed_by=head.routed_by,
                hidden=head.hidden or (backbone.features if head.kind == "mlp" and backbone else None),
                out=head.out,
                dropout=head.dropout,
            )
            for name, head in model.heads.items()
        ),
        ema_decay=model.ema_decay,
        teachers=dict(context.spec.teachers),
        groups=(),
    )


def _stage(context: Context, path: KeyPath, stage: Stage) -> StagePlan:
    def setting(key: str, default: Any = None) -> Any:
        value, place = context.setting(path, stage, key)
        name = str(KeyPath(("stages", stage.name, key)))
        if value is None:
            context.origins[name] = "default"
            return default
        if place[0] == "defaults":
            context.origins[name] = str(context.document.origin(place))
        return value

    batch_size = setting("batch_size", DEFAULT_BATCH)
    accumulate = setting("grad_accum_steps", 1)
    micro = setting("micro_batch_size", "auto")
    if micro == "auto" and accumulate > 1:
        micro = -(-batch_size // accumulate)
    schedule, loss, sample = setting("lr"), setting("loss"), setting("sample")
    own_augment, mix = setting("augment"), setting("mix")
    return StagePlan(
        name=stage.name,
        epochs=setting("epochs"),
        steps=setting("steps"),
        steps_per_epoch=None,
        batch_size=batch_size,
        micro_batch_size=micro,
        grad_accum_steps=1 if micro == "auto" else -(-batch_size // micro),
        precision=setting("precision", "fp32"),
        compile=setting("compile", default=False),
        train={},
        selector=str(setting("train", "all")),
        trained_parameters=None,
        schedule=_phases(schedule),
        optimizer=operation("optimizer", setting("optimizer", parse_call("optimizer", DEFAULT_OPTIMIZER))),
        max_grad_norm=setting("max_grad_norm"),
        carry_optimizer=setting("carry_optimizer", default=False),
        loss=_loss(loss),
        mix=operation("mix", mix) if mix else None,
        sampling=_sampling(sample) if sample else None,
        augment=transforms(own_augment) if own_augment is not None else None,
        stop=_stop(stop) if (stop := setting("stop")) else None,
        start_from=setting("start_from", "last"),
        expect=tuple(gate(g) for g in setting("expect", ())),
        texts={"lr": str(schedule), "loss": str(loss), "sample": str(sample) if sample else "", "mix": str(mix or "")},
    )


def _loss(loss: Loss) -> tuple[LossTerm, ...]:
    return tuple(LossTerm(weight=term.weight, loss=operation("loss", term.call)) for term in loss.terms)


def _phases(schedule: Schedule) -> tuple[PhasePlan, ...]:
    phases = []
    for index, call in enumerate(schedule.phases):
        args = operation("schedule", call).args
        if "over" in args:
            args["from"], args["to"] = args.pop("over")
        if call.function == "warmup":
            args["from"] = args.pop("start")
            args["to"] = _first_rate(schedule.phases[index + 1])
        phases.append(PhasePlan(kind=call.function, start=None, steps=None, args=args))
    return tuple(phases)


def _first_rate(call: Call) -> float:
    args = operation("schedule", call).args
    if "over" in args:
        return float(args["over"][0])
    return float(args["value"] / args.get("start_div", 1) if "value" in args else args["start"])


def _sampling(sampling: Any) -> SamplingPlan:
    rules = sampling.rules
    label = sampling.balanced.arguments["label"] if sampling.balanced else rules[0].condition.label
    return SamplingPlan(text=str(sampling), label=str(label), weights=None)


def _stop(stop: Stop) -> StopPlan:
    values: dict[str, float | int | None] = {}
    for name, quantity in (("patience", stop.patience), ("after", stop.after)):
        in_epochs = quantity.unit == "epochs"
        values[f"{name}_epochs"] = quantity.value if in_epochs else None
        values[f"{name}_steps"] = None if in_epochs else int(quantity.value)
    return StopPlan(monitor=monitor(stop.monitor), min_delta=stop.min_delta, **values)  # type: ignore[arg-type]


def _evaluate(context: Context) -> EvaluatePlan:
    evaluate = context.spec.evaluate
    calls = [*evaluate.metrics]
    if not calls:
        calls = [parse_call("metric", f"top1({h})") for h in context.spec.model.heads if h in context.spec.data.labels]
    gates = list(evaluate.expect)
    for path, stage in context.stages():
        gates += context.setting(path, stage, "expect")[0] or ()
        stop = context.setting(path, stage, "stop")[0]
        calls += [stop.monitor.metric] if stop else []
    calls += [g.metric for g in gates] + ([evaluate.best.metric] if evaluate.best else [])
    metrics = {str(call): operation("metric", call) for call in calls if call.function != "loss"}
    first = next((name for name, made in metrics.items() if made.kind == "top"), None)
    fallback = MonitorPlan(mode="max", metric=first) if first else MonitorPlan(mode="min", metric="loss")
    return EvaluatePlan(
        metrics=metrics,
        best=monitor(evaluate.best) if evaluate.best else fallback,
        expect=tuple(gate(g) for g in evaluate.expect),
        every_epochs=evaluate.every,
    )


def _run(context: Context) -> RunPlan:
    spec = context.spec
    cadence = {}
    for path, stage in context.stages():
        every = context.setting(path, stage, "checkpoint_every")[0]
        if every:
            cadence[stage.name] = (every.value, every.unit)
    cache = spec.data.cache
    return RunPlan(
        device=spec.run.device,
        engine=spec.run.engine,
        devices=spec.run.devices,
        num_workers=spec.data.num_workers,
        out=spec.run.out,
        loggers=spec.run.loggers,
        checkpoint_every=cadence,
        keep_last=spec.run.keep_last,
        max_bad_samples=spec.data.max_bad_samples,
        cache=Operation(kind="cache", args={"dir": cache.dir, "limit": str(cache.limit or "")}) if cache else None,
    )


def _origins(context: Context) -> dict[str, str]:
    tree = context.document.tree
    written = {path.name_items(tree): str(origin) for path, origin in context.document.origins.items() if path}
    return {**written, **context.origins}
