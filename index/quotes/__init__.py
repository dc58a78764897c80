"""Who said what in an article: quotation marks, verbs of saying, and whose words each sentence holds."""
