"""A view made anew in tables beside the live ones, compared with them, and put in their place."""
