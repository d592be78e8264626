"""Work time: the timer, what an hour costs, and what a month comes to."""
