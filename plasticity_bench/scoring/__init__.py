"""From measurements to scores, tables and explanations."""
