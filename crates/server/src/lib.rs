//! HTTP: routes, extractors, error table, OpenAPI document and the small web pages.
