"""Training of the reader, from training sets and news articles to exported weights. Reading at run time needs none.

Inner order, each importing only what stands before it: files, question_generation, examples, batches, model, scoring,
weights, train.
"""
