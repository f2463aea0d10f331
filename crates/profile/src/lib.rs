//! What is known of a person: traits with provenance, consent, folding of events.
