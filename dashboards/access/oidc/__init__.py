"""Signing in at the hospital's OpenID provider."""
