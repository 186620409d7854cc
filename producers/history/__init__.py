"""Years of a department at once: a synthetic history, or a site's own from its milestones."""
