//! The pipeline inward (events to one commit) and the dispatcher outward (deliveries, timers).
