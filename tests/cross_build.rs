//! The files that describe the build for aarch64 boards say what they should, and lead to things that are there.

use std::fs;
use std::path::Path;
use toml::{Table, Value};

const TARGET: &str = "aarch64-unknown-linux-gnu";

fn read(name: &str) -> Table {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&file).unwrap().parse().unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn keys(table: &Value) -> Vec<&str> {
    table.as_table().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn cross_is_told_to_bring_the_libraries_of_the_board() {
    let target = &read("cross.toml")["target"][TARGET];
    assert_eq!(keys(target), ["pre-build"], "a key that cross does not know is only warned of");
    let lines: Vec<&str> = target["pre-build"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(lines.iter().any(|line| line.contains("libasound2-dev:$CROSS_DEB_ARCH")), "{lines:?}");
}

#[test]
fn cargo_finds_linker_and_runner_for_the_board() {
    let config = read(".cargo/config.toml");
    let target = &config["target"][TARGET];
    assert_eq!(target["linker"].as_str(), Some("aarch64-linux-gnu-gcc"));
    // Relative to the folder that holds `.cargo`, because it has a slash.
    let runner = target["runner"].as_str().unwrap();
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(runner).is_file(), "{runner}");
}
