"""How fast and how large: one process measured, and many people asking one server."""
