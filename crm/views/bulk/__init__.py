"""Changing many clients at once: what is asked, the numbers before, the result after."""
