//! Lists the video nodes of this machine, and why a node is no camera.

use super::modes::Offer;
use super::node;
use super::verdict::why_unusable;
use crate::device::DeviceError;
use crate::media::Size;
use std::fs;
use std::path::{Path, PathBuf};

/// A video node as `doctor` shows it.
#[derive(Clone, Debug)]
pub struct Node {
    pub path: PathBuf,
    /// A name that survives renumbering: a link below `/dev/v4l/by-path` or else `by-id`. For the board profile.
    pub stable: Option<PathBuf>,
    pub card: String,
    pub driver: String,
    /// What it can do, for cameras with ranges of sizes at the size nearest to 1280x720.
    pub offers: Vec<Offer>,
    /// `None`: it can be used; else why not, and the cure.
    pub unusable: Option<String>,
}

/// Every `/dev/video*`, in order of number.
pub fn nodes() -> Vec<Node> {
    let links = stable_links(Path::new("/dev/v4l"));
    let mut paths: Vec<(u32, PathBuf)> = names(Path::new("/dev"))
        .filter_map(|path| Some((path.file_name()?.to_str()?.strip_prefix("video")?.parse().ok()?, path)))
        .collect();
    paths.sort();
    paths.into_iter().map(|(_, path)| look(path, &links)).collect()
}

fn look(path: PathBuf, links: &[(PathBuf, PathBuf)]) -> Node {
    let stable = links.iter().find(|(_, target)| *target == path).map(|(link, _)| link.clone());
    let mut found =
        Node { path, stable, card: String::new(), driver: String::new(), offers: Vec::new(), unusable: None };
    let asked = node::open(&found.path).and_then(|device| Ok((node::capabilities(&device)?, device)));
    match asked {
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => {
            found.unusable = Some(format!("{error}; add the user to the group `video`"));
        }
        Err(error) => found.unusable = Some(DeviceError::io("", "open it", &error).words),
        Ok((capabilities, device)) => {
            found.unusable = why_unusable(capabilities.capabilities, &node::formats(&device));
            if found.unusable.is_none() {
                found.offers = node::offers(&device, Size::new(1280, 720));
            }
            (found.card, found.driver) = (capabilities.card, capabilities.driver);
        }
    }
    found
}

/// Links and what they lead to, by-path first: it names the socket, which is what a terminal's maker knows.
fn stable_links(folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    let by = |kind: &str| {
        let mut links: Vec<PathBuf> = names(&folder.join(kind)).collect();
        links.sort();
        links
    };
    let links = by("by-path").into_iter().chain(by("by-id"));
    links.filter_map(|link| fs::canonicalize(&link).ok().map(|target| (link, target))).collect()
}

fn names(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_name_by_path_is_preferred_to_the_name_by_id() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let node = root.join("video0");
        fs::write(&node, "").unwrap();
        for kind in ["by-id", "by-path"] {
            fs::create_dir(root.join(kind)).unwrap();
            symlink(&node, root.join(kind).join("camera")).unwrap();
            symlink(root.join("gone"), root.join(kind).join("broken")).unwrap();
        }
        let links = stable_links(&root);
        assert_eq!(links.len(), 2);
        assert_eq!(links[0], (root.join("by-path/camera"), node));
    }

    #[test]
    fn a_node_that_can_not_be_asked_is_listed_with_its_reason() {
        let node = look("/dev/null".into(), &[]);
        assert!(node.unusable.is_some() && node.offers.is_empty());
        assert!(nodes().iter().all(|node| node.path.starts_with("/dev")));
    }
}
