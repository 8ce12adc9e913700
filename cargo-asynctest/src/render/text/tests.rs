//! Reports as literals, and the text they become.
