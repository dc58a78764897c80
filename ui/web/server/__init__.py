"""What stands between the network and the page: log-in, limits, uploads, headers."""
