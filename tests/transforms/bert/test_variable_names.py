import pytest

from transforms.bert.variable_names import google_names

# As the TensorFlow model garden's encoder names its variables, one of each kind.
MODEL_GARDEN = {
    "word_embeddings/embeddings": "bert/embeddings/word_embeddings",
    "position_embedding/embeddings": "bert/embeddings/position_embeddings",
    "type_embeddings/embeddings": "bert/embeddings/token_type_embeddings",
    "embeddings/layer_norm/gamma": "bert/embeddings/LayerNorm/gamma",
    "embedding_projection/kernel": "bert/embeddings_project/kernel",
    "transformer/layer_1/self_attention/query/kernel": (
        "bert/encoder/layer_1/attention/self/query/kernel"
    ),
    "transformer/layer_1/self_attention/attention_output/bias": (
        "bert/encoder/layer_1/attention/output/dense/bias"
    ),
    "transformer/layer_1/self_attention_layer_norm/beta": (
        "bert/encoder/layer_1/attention/output/LayerNorm/beta"
    ),
    "transformer/layer_1/intermediate/kernel": "bert/encoder/layer_1/intermediate/dense/kernel",
    "transformer/layer_1/output/bias": "bert/encoder/layer_1/output/dense/bias",
    "transformer/layer_1/output_layer_norm/gamma": "bert/encoder/layer_1/output/LayerNorm/gamma",
    "pooler_transform/kernel": "bert/pooler/dense/kernel",
}
# As the garden's encoder of 2019 names those that have other names there.
FIRST_MODEL_GARDEN = {
    "bert_model/word_embeddings/embeddings": "bert/embeddings/word_embeddings",
    "bert_model/embedding_postprocessor/position_embeddings": (
        "bert/embeddings/position_embeddings"
    ),
    "bert_model/embedding_postprocessor/type_embeddings": "bert/embeddings/token_type_embeddings",
    "bert_model/embedding_postprocessor/layer_norm/beta": "bert/embeddings/LayerNorm/beta",
    "bert_model/encoder/layer_1/self_attention/value/bias": (
        "bert/encoder/layer_1/attention/self/value/bias"
    ),
    "bert_model/encoder/layer_1/self_attention_output/kernel": (
        "bert/encoder/layer_1/attention/output/dense/kernel"
    ),
    "bert_model/encoder/layer_1/output/kernel": "bert/encoder/layer_1/output/dense/kernel",
}
ELECTRA = {
    "electra/embeddings/word_embeddings": "bert/embeddings/word_embeddings",
    "electra/embeddings_project/bias": "bert/embeddings_project/bias",
    "electra/encoder/layer_0/attention/self/key/kernel": (
        "bert/encoder/layer_0/attention/self/key/kernel"
    ),
}


@pytest.mark.parametrize("names", [MODEL_GARDEN, FIRST_MODEL_GARDEN, ELECTRA])
def test_the_names_of_other_programs_are_known(names: dict[str, str]) -> None:
    assert google_names({name: name for name in names}) == {
        google: name for name, google in names.items()
    }


def test_variables_outside_the_encoder_are_dropped() -> None:
    others = [
        *("do_lower_case", "cls/predictions/output_bias", "transformer/layer_1/other/kernel"),
        *("discriminator_predictions/dense/kernel", "generator/embeddings_project/kernel"),
    ]
    assert google_names({name: name for name in others}) == {}
