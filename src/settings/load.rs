//! Reading the files: TOML in, settings or problems with file, line, key and what is allowed out.

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as the user named it; `-` for standard input.
    pub file: String,
    /// Line counted from 1; 0 when the problem is no line's.
    pub line: usize,
    /// Dotted key ("pusher.min-bitrate"); empty for the file as a whole.
    pub key: String,
    /// What is wrong and what is allowed; no trailing full stop.
    pub words: String,
}

/// Everything that is wrong with a file, in order of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);
