"""Training of the reader, from training sets and news articles to exported weights. Reading at run time needs none.

Inner order, each importing only what stands before it: files, question_generation, examples, batches, model, scoring,
weights, train.
"""

INNER_ORDER = ("files", "model", "question_generation", "examples", "batches", "scoring", "weights", "train")
"""Each may import itself and those before it."""
