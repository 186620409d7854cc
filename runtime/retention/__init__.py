"""What is let go by rule, and what legal holds keep back."""
