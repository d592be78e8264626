"""What every list of records is made of: filters, order, pages, saved views, figures."""
