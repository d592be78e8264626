"""Whether a company is registered in Peppol, and takes invoices there. Information only: it blocks nothing."""
