"""VAT numbers of companies in the European Union, checked in VIES. Information only: it blocks nothing."""
