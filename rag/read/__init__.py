"""Which sentences of the hits answer a question, where in them, and how sure that is."""
