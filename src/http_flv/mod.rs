//! HTTP-FLV: a byte stream into tags, and the rules for answers and redirects.
