"""`radstream demo`: a bounded run of the main job, and the accounting of what became of it."""
