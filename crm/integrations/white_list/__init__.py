"""Polish companies checked in the list of VAT payers ("white list"). Information only: it blocks nothing."""
