//! Ways to reach a person: the same files in each channel's folder.
