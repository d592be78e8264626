"""Finding records by the beginnings of words: the entries that are searched, and the questions asked of them."""
