"""Question sets: what a question expects, reading and writing the files, tying names to a library, public sets."""
