//! Who is it? Exact identifiers, limits, priorities, and the ledger of links and merges.
