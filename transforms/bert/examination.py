"""What running a module's graph once shows: its outputs are sound, and which encoder it is."""

import dataclasses
import functools
import threading

import tensorflow as tf

from transforms.bert.examination_receipt import ExaminationReceipt, load_receipt, store_receipt
from transforms.bert.input_order import check_order
from transforms.bert.meta_graph import HUB_TF1
from transforms.bert.module import BertModule
from transforms.bert.module_session import checked_run, run_each
from transforms.bert.rebuilding import NOT_RECOGNISED, Probe, find_weights, make_probe
from transforms.bert.variables import bundle_of, read_variables
from transforms.bert.weights import Weights
from transforms.features import LAYERS, SEQUENCE_OUTPUT
from transforms.io.watching import describe


@dataclasses.dataclass(frozen=True)
class Examination:
    """A module whose graph has been run.

    Attributes:
        module: the module, with the settings that its encoder was rebuilt with.
        probe: an input, and the outputs of the module's graph for it.
        reason: why the encoder cannot be rebuilt; empty if it can.
    """

    module: BertModule
    probe: Probe
    reason: str = ""

    @property
    def features(self) -> tuple[str, ...]:
        """The features that the module serves; `layers` stands for any of its layers."""
        lacks_layers = self.reason and self.module.interface.outputs.layers is None
        return (*self.module.document_features, SEQUENCE_OUTPUT, *(LAYERS,) * (not lacks_layers))


# By the module's fingerprint. Weights are not kept: they may take gigabytes.
_EXAMINED: dict[str, Examination] = {}
_EXAMINING = threading.Lock()


def examine(module: BertModule) -> Examination:
    """Run a module's graph on a probe, and find the encoder that computes the same.

    A process examines a module once, on its CPU; so does a machine that has a cache.

    Raises:
        ValueError: the graph cannot be run, or its outputs are not those of a BERT; or the
            variables are damaged.
        OSError: a file cannot be read.
    """
    return _examine(module)[0]


def examine_with_weights(module: BertModule) -> tuple[Examination, Weights | str]:
    """Examine a module, and read its weights; or return the reason not to. See `examine`."""
    examination, weights = _examine(module)
    if weights is None:
        weights = _read_weights(examination.module)
    return examination, weights


def _examine(module: BertModule) -> tuple[Examination, Weights | str | None]:
    """Return the examination, and the weights if it was made now."""
    with _EXAMINING:
        known = _EXAMINED.get(module.fingerprint)
        if known is not None:
            return dataclasses.replace(known, module=_moved(known.module, module)), (
                known.reason or None
            )
        examination, weights = _from_receipt(module) or _run_graph(module)
        _EXAMINED[module.fingerprint] = examination
        return examination, weights


def _from_receipt(module: BertModule) -> tuple[Examination, str | None] | None:
    """Return the examination that this machine has made before, and why weights are not used."""
    found = load_receipt(module)
    if found is None:
        return None
    receipt, probe = found
    if receipt.architecture is None:
        return Examination(module, probe, receipt.reason), receipt.reason
    kept = dataclasses.replace(module.kept, architecture=receipt.architecture, heads=receipt.heads)
    shape = dataclasses.replace(module.shape, heads=receipt.heads)
    return Examination(dataclasses.replace(module, kept=kept, shape=shape), probe), None


def _run_graph(module: BertModule) -> tuple[Examination, Weights | str]:
    """Examine a module, and keep the receipt."""
    _check_places(module)
    if module.format == HUB_TF1:
        probe = make_probe(module, functools.partial(run_each, module))
    else:
        run = checked_run(module)
        probe = make_probe(module, lambda batches: [run(*inputs) for inputs in batches])
        if not module.interface.is_named:
            check_order(module, run)
    weights = _find_weights(module, probe)
    if isinstance(weights, str):
        store_receipt(module, ExaminationReceipt(weights), probe)
        return Examination(module, probe, weights), weights
    receipt = ExaminationReceipt("", weights.architecture, weights.shape.heads)
    store_receipt(module, receipt, probe)
    return Examination(_settled(module, weights), probe), weights


def _check_places(module: BertModule) -> None:
    """Check sizes of variables, because TensorFlow's reader may end the process at wrong ones."""
    try:
        bundle_of(module.path).check_places()
    except ValueError as error:
        raise ValueError(f"`model` {module.path}: {error}") from error


def _find_weights(module: BertModule, probe: Probe) -> Weights | str:
    try:
        return find_weights(module, probe)
    except tf.errors.OpError as error:
        raise ValueError(f"`model` {module.path}: it cannot be run: {describe(error)}") from error


def _read_weights(module: BertModule) -> Weights | str:
    """Read the weights of a module that was examined, whose settings are known."""
    try:
        variables = read_variables(module.path, module.shape)
    except ValueError as error:
        raise ValueError(f"`model` {module.path}: {error}") from error
    if variables is None or module.kept.architecture is None:
        return NOT_RECOGNISED
    return Weights(variables, module.kept.architecture, module.shape)


def _settled(module: BertModule, weights: Weights) -> BertModule:
    """Return a module with the settings of its weights, so that no others are tried again."""
    kept = dataclasses.replace(
        module.kept, architecture=weights.architecture, heads=weights.shape.heads
    )
    return dataclasses.replace(module, kept=kept, shape=weights.shape)


def _moved(known: BertModule, module: BertModule) -> BertModule:
    """Return a known module at the place of another with the same files."""
    return dataclasses.replace(known, path=module.path)
