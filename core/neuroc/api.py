"""Everything that a plugin author imports; the only module whose names are stable (hookspecs.PLUGIN_API).

    from neuroc.api import CodecEntry, hookimpl, param, ...

Models are described in model.py, exact layers in exact/layers.py, distributions in distributions/.
"""

from .causal import (
    CausalDescription,
    Context,
    Describable,
    GroupedLayer,
    Interpreter,
    MixtureHead,
    Runner,
    SoftmaxHead,
)
from .digests import digest
from .distributions import (
    CoupledMixtures,
    Cumulative,
    Distribution,
    Mixture,
    code_length,
    mean_limit,
    mixture_weights,
    prove_coupled,
    softmax,
    table,
)
from .engines import Engine, evaluator
from .errors import (
    CorruptFileError,
    ExactnessError,
    HeaderError,
    NeurocError,
    StreamError,
    UnsupportedPictureError,
    UsageError,
    WeightsError,
)
from .exact.layers import Interval, Linear, Network, prove
from .hookspecs import PLUGIN_API, CodecEntry, CoderEntry, EngineEntry, WeightsEntry, hookimpl
from .model import (
    Adaptive,
    Codec,
    Cost,
    Intervals,
    Model,
    ParallelEncode,
    Previewing,
    PreviewingModel,
    Progressive,
    RawCodec,
    SmallTiles,
    Spec,
    Step,
)
from .params import param
from .weights import Weights

__all__ = [
    "PLUGIN_API",
    "Adaptive",
    "CausalDescription",
    "Codec",
    "CodecEntry",
    "CoderEntry",
    "Context",
    "CorruptFileError",
    "Cost",
    "CoupledMixtures",
    "Cumulative",
    "Describable",
    "Distribution",
    "Engine",
    "EngineEntry",
    "ExactnessError",
    "GroupedLayer",
    "HeaderError",
    "Interpreter",
    "Interval",
    "Intervals",
    "Linear",
    "Mixture",
    "MixtureHead",
    "Model",
    "Network",
    "NeurocError",
    "ParallelEncode",
    "Previewing",
    "PreviewingModel",
    "Progressive",
    "RawCodec",
    "Runner",
    "SmallTiles",
    "SoftmaxHead",
    "Spec",
    "Step",
    "StreamError",
    "UnsupportedPictureError",
    "UsageError",
    "Weights",
    "WeightsEntry",
    "WeightsError",
    "code_length",
    "digest",
    "evaluator",
    "hookimpl",
    "mean_limit",
    "mixture_weights",
    "param",
    "prove",
    "prove_coupled",
    "softmax",
    "table",
]
