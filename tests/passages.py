"""Passages as a span model reads them: title, day, text."""

FLOOD = (
    "Harbour town counts the cost",
    "2022-06-14",
    "The river broke its banks on Sunday night. Mayor Ellen Brandt said 340 homes were under water.\n\n"
    "Schools stay closed until Thursday. Repairs to the bridge will cost about $12 million.",
)
MARKET = (
    "Stocks end the week higher",
    "2022-06-10",
    "Shares rose for a third day. Banks led the gains in London.",
)
