"""Load a model by an engine, and compare it with the module's graph."""

import dataclasses
import functools
import logging

import tensorflow as tf

from transforms.bert import engines
from transforms.bert.compute import ComputeConfig
from transforms.bert.engines import Engine, EngineSpec
from transforms.bert.module import BertModule
from transforms.bert.module_engine import ModuleEngine
from transforms.bert.module_session import run_once
from transforms.bert.output_spec import OutputSpec
from transforms.bert.rebuilding import TOLERANCE, find_weights, make_probe
from transforms.bert.weights import Weights
from transforms.features import FLOAT32
from transforms.io.watching import describe

_LOG = logging.getLogger(__name__)


def load(
    module: BertModule, output_spec: OutputSpec, config: ComputeConfig, device: str | None = None
) -> Engine:
    """Load a model by an engine that rebuilds the encoder from the module's variables.

    If its float32 vectors differ from those of the module's graph by more than
    `rebuilding.TOLERANCE`, the module's graph is loaded instead, with a warning in the log.

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
    """Check, without a job, that a model computes what the module's graph alone does not.

    Raises:
        ValueError: see `load`.
    """
    if output_spec.layers:
        load(module, output_spec, config.without_xla)


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
    try:
        probe = make_probe(module, functools.partial(run_once, module))
        weights = find_weights(module, probe)
    except tf.errors.OpError as error:
        raise ValueError(f"`model` {module.path}: it cannot be run: {describe(error)}") from error
    if not isinstance(weights, str) and output_spec.pooled and not module.shape.pooler:
        weights = "its variables have no pooler"
    if isinstance(weights, str):
        return _load_module_graph(module, output_spec, config, weights, device)
    exact_config = dataclasses.replace(config, precision=FLOAT32)
    exact = build(weights, module, output_spec, exact_config, device)
    difference = probe.difference(exact.run)
    if difference > TOLERANCE:
        reason = f"{exact.name} differs from its graph by {difference:.2g}"
        return _load_module_graph(module, output_spec, config, reason, device)
    if config.precision == FLOAT32:
        return exact, exact
    return exact, build(weights, module, output_spec, config, device)


def build(
    weights: Weights,
    module: BertModule,
    output_spec: OutputSpec,
    config: ComputeConfig,
    device: str | None = None,
) -> Engine:
    """Build the engine that a configuration names."""
    spec = EngineSpec(
        weights, module.shape, output_spec, config.precision, config.xla_buckets, device
    )
    return engines.find(config.engine).build(spec)


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
    too_much = ["layers: of `features`"] * bool(output_spec.layers)
    too_much += [f"`precision` {config.precision}"] * (config.precision != FLOAT32)
    if too_much:
        raise ValueError(f"`model` {module.path}: {reason}; so leave out {too_much[0]}")
    _LOG.warning("%s: %s; the module's graph is run instead, by TensorFlow", module.path, reason)
    engine = ModuleEngine(module, device)
    return engine, engine
