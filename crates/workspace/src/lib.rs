//! Definitions as text: read, check, compare and write back a workspace folder.
