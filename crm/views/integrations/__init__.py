"""Outside services: their settings, what a card shows of them, and where they call us."""
