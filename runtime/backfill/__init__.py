"""Histories loaded into a pipeline that is up."""
