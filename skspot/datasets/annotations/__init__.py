"""From rows of annotation tables to intervals, with a record of repairs."""
