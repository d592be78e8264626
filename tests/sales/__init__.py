"""Our company, documents with lines, invoices, payments, deals."""
