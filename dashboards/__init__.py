"""The read side: web pages, JSON API, server-sent events."""
