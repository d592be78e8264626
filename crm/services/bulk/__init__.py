"""One change made to many clients: whom it is for, what it does, and its run from confirmation to result."""
