"""Questions in, verified answers out; knows nothing of widgets or terminals."""
