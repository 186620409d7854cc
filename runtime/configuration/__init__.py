"""The settings by subject, a module each; `runtime.settings` makes one installation's of them."""
