"""The one exception whose message is fit to show a person as it is."""


class UserError(Exception):
    """Something the person can put right: names the offending value and the next command to type."""
