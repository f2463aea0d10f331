//! What tests share: a fake clock, a misbehaving SMTP sink, builders, a running server.
