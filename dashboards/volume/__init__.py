"""How much comes: the next day by the hour, the next two weeks by the day, from the weeks before."""
