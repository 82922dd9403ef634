"""What clusters tell each other: signed endpoint sets that spread, merge and survive."""
