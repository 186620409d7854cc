"""How the pipeline is: its parts, how far each is behind, how fast it goes, what happened to it."""
