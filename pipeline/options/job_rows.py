"""How the rows of a job are made of its documents; importing this imports TensorFlow."""

from pipeline.options.embed_config import EmbedConfig
from transforms.bert.module import BertModule
from transforms.documents import TEXT, TEXT_B
from transforms.rows.cutter import CutConfig
from transforms.rows.text_rows import TextRows
from transforms.wordpiece.prompts import count_wordpieces


def text_rows(config: EmbedConfig, module: BertModule) -> TextRows:
    """Return how the rows of a job are made of its documents.

    Raises:
        ValueError: the windows would be too short.
    """
    texts = (TEXT, TEXT_B) if config.input.read.pairs else (TEXT,)
    if not config.rows.are_windows:
        return TextRows(texts, keep_text=config.rows.keep_text)
    prompt = module.prompt_of(config.prompt, config.features)
    cut = CutConfig(
        vocabulary=module.vocabulary,
        rules=module.rules_with(config.special_tokens),
        size=config.windows.size - count_wordpieces(module, prompt, config.special_tokens),
        stride=config.windows.stride,
        cut=config.rows.cut,
    )
    template = config.input.read.template
    fields = () if template is None else template.names
    return TextRows(texts, cut, config.rows.keep_text, fields, config.cut_fields)
