"""What computes: a loaded model behind one small interface."""

import dataclasses
import functools
import logging
from typing import Protocol

import numpy as np

from transforms.bert.compute import TENSORFLOW, ComputeConfig
from transforms.bert.module import BertModule
from transforms.bert.output_spec import Encoded, OutputSpec
from transforms.bert.own_graph import run_once
from transforms.bert.rebuilding import TOLERANCE, Weights, find_weights, make_probe
from transforms.bert.tensorflow_engine import ModuleEngine, TensorflowEngine
from transforms.features import FLOAT32

_LOG = logging.getLogger(__name__)


class Engine(Protocol):
    """A model in memory.

    Attributes:
        name: for people.
        hidden_size: width of a vector.
        parallel: how many batches to run at once, each in a thread of its own.
        compiled: how many shapes of batches were compiled by now; 0 where every shape is run as it
            comes.
    """

    name: str
    hidden_size: int
    parallel: int

    @property
    def compiled(self) -> int: ...

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        """Embed one batch.

        Args:
            input_ids: int32 [batch, sequence].
            input_mask: int32 [batch, sequence].
            segment_ids: int32 [batch, sequence].

        Returns:
            at least what the engine was loaded for.
        """
        ...


def load(
    module: BertModule, output_spec: OutputSpec, config: ComputeConfig, device: str | None = None
) -> Engine:
    """Load a model, and hold the encoder rebuilt from its variables against its own graph.

    Where they do not agree within `rebuilding.TOLERANCE` in float32, the module's own graph is
    taken, and the log says so.

    Args:
        module: the model.
        output_spec: what it is to give.
        config: by which engine, and how exactly.
        device: of TensorFlow's, where all is computed; None leaves that to it.

    Raises:
        ValueError: the module cannot be run, or not with this configuration.
    """
    return load_with_exact(module, output_spec, config, device)[1]


def load_with_exact(
    module: BertModule, output_spec: OutputSpec, config: ComputeConfig, device: str | None = None
) -> tuple[Engine, Engine]:
    """Load a model in float32 and in the precision wanted; one engine where these are the same.

    Raises:
        ValueError: see `load`.
    """
    config.check_installed()
    probe = make_probe(module, functools.partial(run_once, module))
    weights = find_weights(module, probe)
    if isinstance(weights, str):
        return _as_it_is(module, output_spec, config, weights, device)
    in_float32 = dataclasses.replace(config, precision=FLOAT32)
    exact = build(weights, module, output_spec, in_float32, device)
    difference = probe.difference(exact.run)
    if difference > TOLERANCE:
        why = f"{exact.name} differs from its graph by {difference:.2g}"
        return _as_it_is(module, output_spec, config, why, device)
    if config.precision == FLOAT32:
        return exact, exact
    return exact, build(weights, module, output_spec, config, device)


def _as_it_is(
    module: BertModule, output_spec: OutputSpec, config: ComputeConfig, why: str, device: str | None
) -> tuple[Engine, Engine]:
    """Take the module's own graph, and log why; ValueError if it cannot serve what is asked for."""
    for flag in _beyond_the_module(output_spec, config):
        raise ValueError(f"--model {module.path}: {why}; so leave out {flag}")
    _LOG.warning("%s: %s; its own graph is run, by TensorFlow", module.path, why)
    own = ModuleEngine(module, device)
    return own, own


def _beyond_the_module(output_spec: OutputSpec, config: ComputeConfig) -> list[str]:
    """List the flags that a module's own graph cannot serve."""
    layers = ["layers: of --features"] * bool(output_spec.layers)
    return layers + [f"--precision {config.precision}"] * (config.precision != FLOAT32)


def build(
    weights: Weights,
    module: BertModule,
    output_spec: OutputSpec,
    config: ComputeConfig,
    device: str | None = None,
) -> Engine:
    """Build the engine that a configuration names."""
    if config.engine == TENSORFLOW:
        xla = config.xla_buckets > 0
        return TensorflowEngine(weights, module.shape, output_spec, config.precision, xla, device)
    # OpenVINO is an extra.
    from transforms.bert.openvino_engine import OpenvinoEngine

    return OpenvinoEngine(weights, module.shape, output_spec, config.precision)
