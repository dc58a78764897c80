"""Where people meet the program: the command line and the web chat."""
