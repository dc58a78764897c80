"""Answers out of what was read: quoted from the articles, or written by a chat model and checked by sentence."""
