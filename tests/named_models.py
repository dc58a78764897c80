"""Models in Hugging Face's format for tests: small ones, and ones with the weights of the reader that ships."""

from __future__ import annotations

import json
import shutil

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForQuestionAnswering,
)

from rag.read.named_span_model import NO_ANSWER_LOGIT
from rag.read.reader import WEIGHTS
from rag.training.weights import base_folder, restore

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


def _saved(model, folder):
    model.save_pretrained(folder)
    for name in TOKENIZER:
        shutil.copy(base_folder() / name, folder)
    return folder


def _transplanted(model, heads):
    """The model with the shipped reader's encoder, and its heads under other names."""
    names = {"encoder.": "bert.", **heads}
    weights = {
        new + name.removeprefix(old): value
        for name, value in restore(WEIGHTS).items()
        for old, new in names.items()
        if name.startswith(old)
    }
    assert set(weights) == {name for name, _ in model.named_parameters()}
    model.load_state_dict(weights, strict=False)
    return model


def shipped_reader(folder):
    """A BertForQuestionAnswering with the weights of the reader that ships."""
    config = BertConfig.from_pretrained(base_folder())
    setattr(config, NO_ANSWER_LOGIT, 0.0)
    return _saved(_transplanted(BertForQuestionAnswering(config), {"span.": "qa_outputs."}), folder)


def shipped_cross_encoder(folder):
    """A BertForSequenceClassification whose score is the relevance of the reader that ships."""
    config = BertConfig.from_pretrained(base_folder(), num_labels=1)
    heads = {"pooler.": "bert.pooler.dense.", "relevance.": "classifier."}
    return _saved(_transplanted(BertForSequenceClassification(config), heads), folder)


def small(kind, folder, **settings):
    """An untrained BERT of two narrow layers, of the class `kind`."""
    torch.manual_seed(7)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig.from_pretrained(base_folder(), **shape, initializer_range=0.5, **settings)
    return _saved(kind(config), folder)


def small_roberta(folder, texts):
    """An untrained RoBERTa of two narrow layers with a byte-level tokenizer, which counts blanks to the next word."""
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=400, special_tokens=specials, initial_alphabet=alphabet)
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=False)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **{"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"},
        **{"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"},
        model_input_names=["input_ids", "attention_mask"],
    )
    fast.save_pretrained(folder)
    torch.manual_seed(7)
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=130,
        type_vocab_size=1,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.5,
        **{"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2},
    )
    RobertaForQuestionAnswering(config).save_pretrained(folder)
    return folder


def rewrite_config(folder, **values):
    """Change keys of a folder's config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return folder
