"""Articles in, a searchable library out; knows nothing of conversations, answers or chat."""
