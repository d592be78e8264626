"""One change made to many clients."""
