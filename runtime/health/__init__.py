"""How the pipeline is, looked at while somebody asks: parts, offsets, rates, what the logs say."""
