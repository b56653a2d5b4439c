"""From a source to a dataset version: quality, physical form, encryption."""
