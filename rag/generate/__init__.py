"""Answers written by a chat model, every sentence checked against its sources before it counts."""
