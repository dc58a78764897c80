"""Training of the reader, from training sets and news articles to exported weights. Reading at run time needs none.

Inner order, each importing only what stands before it: stories, files, question_generation, passages, parser, clauses,
phrasing, clause_questions, people_questions, rewording, news_questions, near_misses, examples, round_trip, batches,
model, scoring, weights, train.
"""

INNER_ORDER = (
    "clauses model parser near_misses question_generation passages phrasing clause_questions "
    "people_questions rewording stories files examples batches news_questions round_trip scoring weights train"
)
"""Each may import itself and those before it."""
