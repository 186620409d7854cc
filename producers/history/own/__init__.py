"""A site's own history: a file of milestones to events."""
