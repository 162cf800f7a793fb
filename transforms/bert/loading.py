"""Load a model by an engine, and compare it with the module's graph."""

import logging

from transforms.bert import engines
from transforms.bert.compute import ComputeConfig
from transforms.bert.engines import Engine, EngineSpec
from transforms.bert.examination import examine, examine_with_weights
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine
from transforms.bert.output_spec import OutputSpec
from transforms.bert.rebuilding import TOLERANCE
from transforms.bert.weights import Weights
from transforms.features import DEFAULT, FLOAT32, POOLED_OUTPUT

_LOG = logging.getLogger(__name__)


def load(
    module: BertModule, output_spec: OutputSpec, config: ComputeConfig, device: str | None = None
) -> Engine:
    """Load a model by an engine that rebuilds the encoder from the module's variables.

    The module's graph is loaded instead, with a warning in the log, if the engine's float32 vectors
    differ from those of the graph by more than `rebuilding.TOLERANCE`, or an output is requested
    that only the graph computes.

    Args:
        module: the model.
        output_spec: vectors to compute.
        config: engine and precision.
        device: TensorFlow's name of the device to compute on; None if the engine chooses.

    Raises:
        ValueError: the module cannot be run, or not with this configuration.
    """
    return load_with_exact(module, output_spec, config, device)[1]


def check(module: BertModule, output_spec: OutputSpec, config: ComputeConfig) -> None:
    """Check, before a job, that a model can be run, and computes what is requested.

    The module's graph is run on a probe. The engine is loaded if the graph alone would not do.

    Raises:
        ValueError: see `load`.
    """
    reason = why_graph(module, output_spec)
    if reason:
        _check_graph(module, output_spec, config, reason)
    elif output_spec.layers and module.interface.outputs.layers is None:
        load(module, output_spec, config.without_xla)


def why_graph(module: BertModule, output_spec: OutputSpec) -> str:
    """Return why no engine rebuilds the encoder for requested outputs; empty if engines do.

    Raises:
        ValueError: the module cannot be run.
    """
    return examine(module).reason or reason_for_graph(module, output_spec)


def load_with_exact(
    module: BertModule, output_spec: OutputSpec, config: ComputeConfig, device: str | None = None
) -> tuple[Engine, Engine]:
    """Load a model in float32 and in the configured precision; one engine if these are equal.

    Raises:
        ValueError: see `load`.
    """
    engines_ = _load_with_exact(module, output_spec, config, device)
    for engine in engines_:
        engine.sentence = module.sentence
    return engines_


def _load_with_exact(
    module: BertModule, output_spec: OutputSpec, config: ComputeConfig, device: str | None
) -> tuple[Engine, Engine]:
    config.check_installed()
    examination, weights = examine_with_weights(module)
    reason = reason_for_graph(module, output_spec)
    if isinstance(weights, str) or reason:
        why = weights if isinstance(weights, str) else reason
        return _load_module_graph(module, output_spec, config, why, device)
    exact = build(weights, output_spec, config.in_precision(FLOAT32), device)
    # The rebuilt encoder was compared on a long input: here its shape would be compiled for once.
    difference = examination.probe.difference(exact.run)
    if difference > TOLERANCE:
        reason = f"{exact.name} differs from its graph by {difference:.2g}"
        return _load_module_graph(module, output_spec, config, reason, device)
    if config.precision == FLOAT32:
        return exact, exact
    return exact, build(weights, output_spec, config, device)


def build(
    weights: Weights,
    output_spec: OutputSpec,
    config: ComputeConfig,
    device: str | None = None,
) -> Engine:
    """Build the engine that a configuration names.

    Raises:
        ValueError: the engine reports another precision than that of the configuration.
    """
    spec = EngineSpec(
        weights, weights.shape, output_spec, config.precision, config.xla_buckets, device
    )
    engine = engines.find(config.engine).build(spec)
    config.check_computed(engine.precision)
    return engine


def reason_for_graph(module: BertModule, output_spec: OutputSpec) -> str:
    """Return why a requested output is computed by the module's graph only; empty if none is."""
    if output_spec.default:
        return f"only its graph computes {DEFAULT}"
    if output_spec.pooled and not module.shape.pooler:
        return f"only its graph computes {POOLED_OUTPUT}: its variables have no pooler"
    return ""


def _check_graph(
    module: BertModule, output_spec: OutputSpec, config: ComputeConfig, reason: str
) -> None:
    """Raise ValueError if a module's graph lacks the requested layers or precision."""
    lacks_layers = bool(output_spec.layers) and module.interface.outputs.layers is None
    too_much = ["layers: of `features`"] * lacks_layers
    too_much += [f"`precision` {config.precision}"] * (config.precision != FLOAT32)
    if too_much:
        raise ValueError(f"`model` {module.path}: {reason}; so leave out {too_much[0]}")


def _load_module_graph(
    module: BertModule,
    output_spec: OutputSpec,
    config: ComputeConfig,
    reason: str,
    device: str | None,
) -> tuple[Engine, Engine]:
    """Load the module's graph, and log the reason.

    Raises:
        ValueError: it does not compute the requested layers or precision.
    """
    _check_graph(module, output_spec, config, reason)
    _LOG.warning("%s: %s; the module's graph is run instead, by TensorFlow", module.path, reason)
    engine = ModuleEngine(module, device, output_spec)
    return engine, engine
