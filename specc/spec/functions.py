"""The functions of the language: one table, from which calls are bound, checked, printed, suggested and documented."""

from enum import StrEnum
from typing import Final, NamedTuple

from specc.spec.expressions import Interval
from specc.spec.units import Quantity


class Kind(StrEnum):
    """What an argument may be."""

    NUMBER = "a number"
    INTEGER = "a whole number"
    INTERVAL = "a range such as `0.6 -> 1.0`"
    RANGE = "a range of whole numbers such as `3 -> 5`"
    DURATION = "a duration such as `2 epochs` or `500 steps`"
    NAME = "a name"
    NAMES = "a list of names"
    ARROW = "two names such as `species -> disease`"
    TARGET = "a name, or a name with a condition such as `disease where count(disease) < 80`"
    CALLS = "calls"
    FLAG = "`true` or `false`"


REQUIRED: Final = object()


class Parameter(NamedTuple):
    """One argument of a function; bounds are inclusive unless `open` names the excluded end."""

    name: str
    kind: Kind = Kind.NUMBER
    default: object = REQUIRED
    low: float | None = None
    high: float | None = None
    open: str = ""

    def accepts(self, value: float) -> bool:
        """Say whether a number lies within the bounds."""
        if self.low is not None and (value < self.low or (value == self.low and "low" in self.open)):
            return False
        return self.high is None or value < self.high or (value == self.high and "high" not in self.open)

    @property
    def bounds(self) -> str:
        """Describe the bounds in words."""
        low = "" if self.low is None else ("above " if "low" in self.open else "at least ") + str(Quantity(self.low))
        high = "" if self.high is None else ("below " if "high" in self.open else "at most ") + str(Quantity(self.high))
        return " and ".join(part for part in (low, high) if part)


class Function(NamedTuple):
    """A function: its family says where it may stand."""

    name: str
    family: str
    parameters: tuple[Parameter, ...]
    doc: str
    variadic: Kind | None = None

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter called `name`."""
        return next((p for p in self.parameters if p.name == name), None)

    @property
    def needs_arguments(self) -> bool:
        """Say whether the name alone is no call."""
        return any(p.default is REQUIRED for p in self.parameters)


def _q(value: float, unit: str | None = None) -> Quantity:
    return Quantity(float(value), unit)


def _p(
    name: str, default: object = REQUIRED, low: float | None = 0, high: float | None = None, **more: str
) -> Parameter:
    value = _q(default) if isinstance(default, int | float) and not isinstance(default, bool) else default
    return Parameter(name, Kind.NUMBER, value, low, high, more.get("open", ""))


def _i(name: str, default: object = REQUIRED, low: float = 1, high: float | None = None) -> Parameter:
    return Parameter(name, Kind.INTEGER, _q(default) if isinstance(default, int) else default, low, high)


def _r(name: str, default: Interval | object = REQUIRED, low: float | None = 0, high: float | None = None) -> Parameter:
    return Parameter(name, Kind.INTERVAL, default, low, high)


def _d(name: str, default: object = REQUIRED) -> Parameter:
    return Parameter(name, Kind.DURATION, default, 0, open="low")


def _n(name: str, default: object = REQUIRED) -> Parameter:
    return Parameter(name, Kind.NAME, default)


def _flag(name: str, default: str) -> Parameter:
    return Parameter(name, Kind.FLAG, default)


_PROBABILITY: Final = {"low": 0.0, "high": 1.0}


def _prob(name: str = "p", default: object = REQUIRED) -> Parameter:
    return _p(name, default, **_PROBABILITY)  # type: ignore[arg-type]


_HEAD = _n("head")
_TARGET = Parameter("target", Kind.TARGET)
_BALANCED = _flag("balanced", "false")
"""Weighs a class by samples / (classes * its own samples), as scikit-learn's `balanced` does."""
_PREDICTED = _flag("predicted_route", "false")
"""Goes through the head of the predicted parent; by default, through that of the true one."""
_LR = _r("over")
_DECAY = _p("weight_decay", 0.01)
_BETAS = (_p("beta1", 0.9, high=1, open="high"), _p("beta2", 0.999, high=1, open="high"), _p("eps", 1e-8))

_SCHEDULES = (
    Function("constant", "schedule", (_p("value"),), "One rate throughout; what a bare number means."),
    Function("warmup", "schedule", (_d("duration"), _p("start", 0)), "Rise in a line to where the next phase begins."),
    Function("cosine", "schedule", (_LR,), "Half a cosine from the first rate to the second (SGDR, arXiv 1608.03983)."),
    Function("linear", "schedule", (_LR,), "A line from the first rate to the second."),
    Function("polynomial", "schedule", (_LR, _p("power", 0.9)), "A power of the remaining share (DeepLab)."),
    Function("step", "schedule", (_p("value"), _d("every"), _p("factor", 0.1)), "Multiply by `factor` every `every`."),
    Function(
        "plateau",
        "schedule",
        (_p("value"), _p("factor", 0.1, high=1, open="high"), _i("patience", 10, low=0), _p("min_lr", 0)),
        "Multiply by `factor` when validation loss has not improved for `patience` epochs (ReduceLROnPlateau).",
    ),
    Function(
        "onecycle",
        "schedule",
        (_p("value"), _prob("rise", 0.3), _p("start_div", 25, open="low"), _p("end_div", 1e4, open="low")),
        "Up to `value` and far down in one cycle (arXiv 1708.07120; defaults of OneCycleLR).",
    ),
)
_RATES = (
    Function(
        "layer_decay",
        "rates",
        (_p("factor", high=1),),
        "Rate times factor to the depth below the classifier, by timm's layers.",
    ),
)
_LOSSES = (
    Function(
        "cross_entropy",
        "loss",
        (_HEAD, _p("label_smoothing", 0.0, 0, 1, open="high"), _BALANCED),
        "Softmax cross-entropy (arXiv 1512.00567 for the smoothing).",
    ),
    Function(
        "focal",
        "loss",
        (
            _HEAD,
            _p("gamma", 2.0),
            _p("alpha", 1.0, 0, 1, open="low"),
            _p("label_smoothing", 0.0, 0, 1, open="high"),
            _BALANCED,
        ),
        "alpha (1 - p)^gamma times cross-entropy (arXiv 1708.02002).",
    ),
    Function("binary_cross_entropy", "loss", (_HEAD,), "A sigmoid per class (arXiv 2110.00476)."),
    Function("nt_xent", "loss", (_HEAD, _p("temperature", 0.1, open="low")), "SimCLR's contrast (arXiv 2002.05709)."),
    Function(
        "distill",
        "loss",
        (_HEAD, Parameter("from", Kind.NAMES), _p("temperature", 4, open="low")),
        "Match the teachers' softened outputs (arXiv 1503.02531).",
    ),
)
_SAMPLING = (Function("balanced", "sampling", (_n("label"),), "Every class equally often in expectation."),)
_CROP_SCALE, _CROP_RATIO = Interval(0.08, 1.0), Interval(3 / 4, 4 / 3)
_EVERYWHERE: Final = Interval(0.0, 1.0)
_TRANSFORMS = (
    Function("resize", "transform", (_i("size"),), "Shorter side to `size`; a square with `center_crop` after it."),
    Function("center_crop", "transform", (_i("size"),), "The middle square."),
    Function("random_crop", "transform", (_i("size"), _i("padding", 0, low=0)), "A square anywhere, padded first."),
    Function(
        "random_resized_crop",
        "transform",
        (_i("size"), _r("scale", _CROP_SCALE, 0, 1), _r("ratio", _CROP_RATIO)),
        "A patch of random area and aspect, resized (arXiv 1409.4842).",
    ),
    Function("hflip", "transform", (_prob("p", 0.5),), "Mirror left and right."),
    Function("vflip", "transform", (_prob("p", 0.5),), "Mirror up and down."),
    Function(
        "rotate",
        "transform",
        (_p("degrees", high=180), _prob("p", 1.0)),
        "Turn by up to +-`degrees`; the corners come in black.",
    ),
    Function(
        "translate", "transform", (_p("fraction", high=1), _prob("p", 1.0)), "Shift by up to a share of the side."
    ),
    Function(
        "color_jitter",
        "transform",
        (_p("brightness", 0), _p("contrast", 0), _p("saturation", 0), _p("hue", 0, high=0.5), _prob("p", 1.0)),
        "Multiply each by 1 +- so much, and turn the hue by +-`hue` of a circle, in any order (torchvision).",
    ),
    Function(
        "brightness_contrast",
        "transform",
        (_p("brightness", 0.2, high=1), _p("contrast", 0.2, high=1), _prob("p", 0.5)),
        "Exposure: multiply by 1 +- `contrast`, then add +-`brightness` of white (albumentations).",
    ),
    Function("grayscale", "transform", (_prob("p", 0.1),), "Lose the colour, keep the channels."),
    Function(
        "blur",
        "transform",
        (_r("kernel"), _prob("p", 1.0)),
        "Gaussian; `kernel` is its odd width in pixels, which sets its deviation as in OpenCV.",
    ),
    Function("noise", "transform", (_r("variance"), _prob("p", 1.0)), "Gaussian; variance on the 0 to 255 scale."),
    Function(
        "iso_noise",
        "transform",
        (_r("intensity"), _r("color_shift", Interval(0.01, 0.05), 0, 1), _prob("p", 1.0)),
        "A camera's noise, in HLS: Poisson in the lightness; Gaussian in the hue, its deviation `intensity` times"
        " `color_shift` of a circle (albumentations).",
    ),
    Function(
        "jpeg",
        "transform",
        (_r("quality", low=1, high=100), _prob("p", 1.0)),
        "Compress to a whole `quality`, and decode.",
    ),
    Function(
        "shadow",
        "transform",
        (
            _r("x", _EVERYWHERE, 0, 1),
            _r("y", _EVERYWHERE, 0, 1),
            _r("count", Interval(1, 2), 1),
            _r("intensity", Interval(0.5, 0.5), 0, 1),
            _prob("p", 0.5),
        ),
        "So many polygons of 5 random corners, between shares of the width and of the height; each takes `intensity`"
        " of the light (albumentations).",
    ),
    Function("erase", "transform", (_prob("p", 0.25),), "Blank a rectangle (arXiv 1708.04896)."),
    Function(
        "randaugment",
        "transform",
        (_i("n", 2), _i("magnitude", 9, low=0), _i("out_of", 30)),
        "`n` of 14 operations, at a `magnitude` of so many (arXiv 1909.13719 counts to 10, torchvision to 30).",
    ),
    Function("trivial_augment", "transform", (), "arXiv 2103.10158."),
    Function("normalize", "transform", (_n("statistics"),), "Scale to 0..1, subtract mean, divide by deviation."),
    Function("one_of", "transform", (_prob("p", 1.0),), "One of these, with probability p.", variadic=Kind.CALLS),
)
_VIEWS = (
    Function(
        "simclr",
        "views",
        (
            _i("size"),
            _prob("cj_prob", 0.8),
            _p("cj_strength", 1.0),
            _prob("min_scale", 0.08),
            _prob("random_gray_scale", 0.2),
            _prob("gaussian_blur", 0.5),
            _p("kernel_size", 0.1),
            _r("sigmas", Interval(0.1, 2.0)),
        ),
        "Two views of an image (arXiv 2002.05709; names as lightly's).",
    ),
)
_MIXES = (
    Function("mixup", "mix", (_p("alpha", open="low"), _prob("p", 1.0)), "arXiv 1710.09412."),
    Function("cutmix", "mix", (_p("alpha", open="low"), _prob("p", 1.0)), "arXiv 1905.04899."),
    Function("one_of", "mix", (_prob("p", 1.0),), "One of these, with probability p.", variadic=Kind.CALLS),
)
_METRICS = (
    Function(
        "top",
        "metric",
        (_i("k"), _TARGET, _PREDICTED),
        "Share whose true class is among the first k; written `top3(label)`.",
    ),
    Function("macro_f1", "metric", (_TARGET, _PREDICTED), "Unweighted mean of the classes' F1."),
    Function("macro_recall", "metric", (_TARGET, _PREDICTED), "Unweighted mean of the classes' recall."),
    Function("cascade", "metric", (Parameter("path", Kind.ARROW),), "Share with parent and child both right."),
    Function("loss", "metric", (), "The stage's loss."),
    Function("knn", "metric", (_n("features"), _i("k", 20)), "Nearest neighbours among training features."),
    Function("exact_match", "metric", (_n("label"),), "Share of sequences without an error."),
    Function("edit_rate", "metric", (_n("label"),), "Edits over reference length (phoneme error rate)."),
)
_OPTIMIZERS = (
    Function("adamw", "optimizer", (_DECAY, *_BETAS), "arXiv 1711.05101."),
    Function("adam", "optimizer", (_p("weight_decay", 0), *_BETAS), "arXiv 1412.6980."),
    Function(
        "sgd",
        "optimizer",
        (_p("momentum", 0, high=1, open="high"), _p("weight_decay", 0), _flag("nesterov", "false")),
        "Stochastic gradient descent.",
    ),
    Function("rmsprop", "optimizer", (_p("momentum", 0), _p("weight_decay", 0), _p("alpha", 0.99)), "Hinton's."),
    Function("lamb", "optimizer", (_DECAY, *_BETAS), "arXiv 1904.00962."),
    Function("lion", "optimizer", (_p("weight_decay", 0), *_BETAS[:2]), "arXiv 2302.06675."),
)
_SPLITS = (
    Function("random", "split", (_prob("val", 0), _prob("test", 0)), "Rows, or groups, by lot."),
    Function("stratified", "split", (_n("label", None), _prob("val", 0), _prob("test", 0)), "Each class by lot."),
    Function(
        "stratified_kfold",
        "split",
        (_i("k", low=2), _prob("test", 0), _n("label", None)),
        "k folds, classes in shares.",
    ),
    Function("group_kfold", "split", (_i("k", low=2), _prob("test", 0)), "k folds that keep groups together."),
    Function("column", "split", (_n("name"),), "A column says train, val or test."),
)
_ARCHITECTURES = (
    Function(
        "seq2seq",
        "architecture",
        (_i("layers", 2), _i("hidden", 512), _i("embed", 256), _p("dropout", 0, high=1, open="high")),
        "Encoder and attentive decoder of GRUs (arXiv 1409.0473).",
    ),
)
_DATASETS = (
    Function("digits", "dataset", (), "1,797 scanned digits of 8 x 8 pixels (UCI, CC BY 4.0). Column: `digit`."),
    Function(
        "leaves",
        "dataset",
        (
            _i("species", 6, high=1000),
            Parameter("diseases", Kind.RANGE, Interval(3, 5), 1, 1000),
            _i("samples", 2000, high=1_000_000),
            _i("size", 96, low=16, high=1024),
            _p("imbalance", 1, low=1),
            _i("photos", 1),
            _i("seed", 0, low=0),
        ),
        "Drawn leaves, `size` pixels wide. A species has so many `diseases`, `healthy` among them; the most frequent "
        "class has `imbalance` times the samples of the rarest (arXiv 1901.05555); a plant has so many `photos`. "
        "Columns: `species`, `disease`, `plant`.",
    ),
)

FUNCTIONS: Final[dict[tuple[str, str], Function]] = {
    (f.family, f.name): f
    for f in (
        *_SCHEDULES,
        *_RATES,
        *_LOSSES,
        *_SAMPLING,
        *_TRANSFORMS,
        *_VIEWS,
        *_MIXES,
        *_METRICS,
        *_OPTIMIZERS,
        *_SPLITS,
        *_ARCHITECTURES,
        *_DATASETS,
    )
}
"""Every function by (family, name)."""


def family(name: str) -> dict[str, Function]:
    """Return the functions that may stand in one kind of field, by name."""
    return {f.name: f for (kind, _), f in FUNCTIONS.items() if kind == name}
