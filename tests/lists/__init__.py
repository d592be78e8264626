"""What all lists of records share."""
