"""Write the model of sentence-transformers in the format of another engine, once.

The first argument is the format, the others are the folders of the model and of the result.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import prose

# As many as sentence-transformers' static export takes by default, and the length of documents.
_CALIBRATION, _LENGTH = 300, 128
_SETTINGS = "tokenizer_config.json"
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def main() -> None:
    """Write the model."""
    kind, source, destination = sys.argv[1:]
    _EXPORTS[kind](Path(source), Path(destination))
    print("{}")


def _openvino(source: Path, destination: Path) -> None:
    """Convert to OpenVINO, as the documentation of sentence-transformers advises."""
    from sentence_transformers import SentenceTransformer

    settings = {"export": True}
    model = SentenceTransformer(
        str(source), device="cpu", backend="openvino", model_kwargs=settings
    )
    model.save_pretrained(str(destination))


def _openvino_int8(source: Path, destination: Path) -> None:
    """Quantize weights and activations, as `export_static_quantized_openvino_model` does.

    That function loads its calibration data from a hub. Here it is a corpus of the same kind as the
    measured one.
    """
    import nncf
    from optimum.intel.openvino import OVConfig, OVQuantizationConfig, OVQuantizer
    from sentence_transformers import SentenceTransformer

    _openvino(source, destination)
    model = SentenceTransformer(str(destination), device="cpu", backend="openvino")
    texts = prose.draw_documents(_CALIBRATION)
    rows = [
        dict(
            model.tokenizer(
                text,
                padding="max_length",
                max_length=_LENGTH,
                truncation=True,
                return_tensors="np",
            )
        )
        for text in texts
    ]
    config = OVConfig(quantization_config=OVQuantizationConfig(num_samples=_CALIBRATION))
    with tempfile.TemporaryDirectory(dir=destination.parent) as folder:
        OVQuantizer.from_pretrained(model.transformers_model).quantize(
            nncf.Dataset(rows), save_directory=folder, ov_config=config
        )
        # The loaded model maps its file, which must not be overwritten.
        for path in Path(folder, "openvino").iterdir():
            path.replace(destination / "openvino" / path.name)


def _onnx(source: Path, destination: Path) -> None:
    """Export to ONNX, and fuse what ONNX Runtime can fuse in a BERT."""
    import torch
    from onnxruntime.transformers import optimizer
    from transformers import AttentionInterface, AutoModel

    AttentionInterface.register("plain", _plain_attention)
    model = AutoModel.from_pretrained(source, attn_implementation="plain").eval()

    class Encoder(torch.nn.Module):
        """BERT with a mask that ONNX Runtime recognizes."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: Any, mask: Any, segments: Any) -> Any:
            embedded = model.embeddings(input_ids=ids, token_type_ids=segments)
            bias = (1.0 - mask[:, None, None, :].to(embedded.dtype)) * -10000.0
            return model.encoder(embedded, attention_mask=bias).last_hidden_state

    _copy_tokenizer(source, destination)
    path = str(destination / "model.onnx")
    ids = torch.ones(2, 8, dtype=torch.int64)
    names = (*_INPUTS, "last_hidden_state")
    # The fusions match the graphs of this exporter, and not those of its successor.
    torch.onnx.export(
        Encoder(),
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        path,
        input_names=list(_INPUTS),
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "batch", 1: "length"} for name in names},
        dynamo=False,
        opset_version=14,
    )
    config = model.config
    fused = optimizer.optimize_model(
        path,
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        opt_level=0,
    )
    if fused.get_fused_operator_statistics()["Attention"] != config.num_hidden_layers:
        raise SystemExit("ONNX Runtime has not fused the attention of each layer")
    fused.save_model_to_file(path)


def _plain_attention(
    _layer: Any, query: Any, key: Any, value: Any, attention_mask: Any, **_settings: Any
) -> tuple[Any, Any]:
    """Compute attention by the operations that ONNX Runtime recognizes."""
    import torch

    scores = torch.matmul(query, key.transpose(-1, -2)) / query.shape[-1] ** 0.5
    shares = torch.softmax(scores + attention_mask, -1)
    return torch.matmul(shares, value).permute(0, 2, 1, 3).contiguous(), shares


def _onnx_int8(source: Path, destination: Path) -> None:
    """Quantize weights, one scale a channel; ONNX Runtime quantizes activations as it runs."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    _onnx(source, destination)
    exact = destination / "model.onnx"
    quantized = destination / "quantized.onnx"
    quantize_dynamic(
        exact,
        quantized,
        per_channel=True,
        weight_type=QuantType.QInt8,
        # The types of what the fused operators return are not inferred.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    quantized.replace(exact)


def _ctranslate2(source: Path, destination: Path) -> None:
    """Convert to CTranslate2, which quantizes when it loads."""
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(source)).convert(str(destination), force=True)
    _copy_tokenizer(source, destination)


def _copy_tokenizer(source: Path, destination: Path) -> None:
    destination.mkdir(exist_ok=True)
    for name in ("tokenizer.json", "config.json"):
        if not (destination / name).exists():
            shutil.copyfile(source / name, destination / name)
    settings = json.loads((source / _SETTINGS).read_text("utf-8"))
    # fastembed has no other setting for the length at which documents are cut.
    settings["model_max_length"] = _LENGTH
    (destination / _SETTINGS).write_text(json.dumps(settings), "utf-8")


_EXPORTS = {
    "openvino": _openvino,
    "openvino-int8": _openvino_int8,
    "onnx": _onnx,
    "onnx-int8": _onnx_int8,
    "ctranslate2": _ctranslate2,
}


if __name__ == "__main__":
    main()
