//! When what is received is decoded, shown and heard.
