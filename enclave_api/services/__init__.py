"""The stories, one function each, without HTTP."""
