"""Dead letters: read from their topic, shown, and driven again."""
