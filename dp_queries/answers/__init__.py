"""What is made of released values: post-processing, intervals, words."""
