"""Files: taken in, kept, served, swept; and the documents and mails they belong to."""
