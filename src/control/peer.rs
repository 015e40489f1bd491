//! Who may speak to the socket: the user behind a connection, told by the kernel (SO_PEERCRED, unix(7)).

/// The users that are let in, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowList(pub(super) Vec<u32>);

impl AllowList {
    /// Root, the daemon's own user `own`, and `users` by name as `passwd` (the text of /etc/passwd) knows them.
    /// Gives the names nobody has as well.
    pub fn new(users: &[String], passwd: &str, own: u32) -> (Self, Vec<String>) {
        let mut allowed = vec![0, own];
        let mut unknown = Vec::new();
        for user in users {
            match number_of(passwd, user) {
                Some(number) => allowed.push(number),
                None => unknown.push(user.clone()),
            }
        }
        (Self(allowed), unknown)
    }

    /// Whether user number `uid` is let in.
    pub fn allows(&self, uid: u32) -> bool {
        self.0.contains(&uid)
    }
}

/// The number of `name` in a table in the form of passwd(5) or group(5): the third field.
pub fn number_of(table: &str, name: &str) -> Option<u32> {
    let mut lines = table.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up_and_strangers_stay_out() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nkiosk:x:1000:1000::/home/kiosk:/bin/sh\nodd:x\n";
        let users = ["kiosk", "ghost", "odd"].map(String::from);
        let (allowed, unknown) = AllowList::new(&users, passwd, 33);
        assert_eq!(unknown, ["ghost", "odd"]);
        assert_eq!([0, 33, 1000, 1001].map(|uid| allowed.allows(uid)), [true, true, true, false]);
        assert_eq!(number_of("video:x:44:kiosk\n", "video"), Some(44));
    }
}
