//! Foreign bytes to events: SDK bodies, CSV, JSON lines and XML, contracts, reasons for quarantine.
