"""Two clients made one, and apart again."""
