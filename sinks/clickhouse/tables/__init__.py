"""The tables that the sink fills, by what they hold: their columns, and the records that they take."""
