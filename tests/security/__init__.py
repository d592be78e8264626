"""Who sees and may do what; signing in; what is kept secret."""
