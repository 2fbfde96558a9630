//! **A network device can't go away.** It was unregistered, and the kernel waits until nobody uses it any more; somebody
//! still does. The message comes every ten seconds until the count drops. Nothing here says who: a reference to the device
//! was taken (a route, a socket, a namespace, an address) and never put. With CONFIG_NET_DEV_REFCNT_TRACKER the holders
//! are listed.
//!
//! `unregister_netdevice: waiting for eth0 to become free. Usage count = 2` (net/core/dev.c `netdev_wait_allrefs_any`).

use super::Rule;
use crate::about;
use crate::explain::next;
use crate::title::Titles;

pub(crate) static RULE: Rule = Rule {
    name: "unregister-netdevice",
    about: about::UNREGISTER_NETDEVICE,
    headers: &["unregister_netdevice: waiting for "],
    begins: |text| {
        text.split_once("unregister_netdevice: waiting for ").is_some_and(|(_, rest)| rest.contains(" to become free"))
    },
    owns: |text| text.trim_start().starts_with("ref_tracker: "),
    detail: |text| {
        let (_, rest) = text.split_once("unregister_netdevice: waiting for ")?;
        Some(("device", rest.trim().to_owned()))
    },
    titles: |_| Titles::plain("unregister_netdevice: waiting for DEV to become free"),
    one_line: true,
    needs_trace: false,
    went_on: "",
    next: |facts| {
        let tracked = facts.find_line(|text| text.contains("ref_tracker: ").then_some(())).is_some();
        let tracker = next::advice(
            "Build the kernel with reference tracking: the message then lists who took the references that are left.",
            "CONFIG_NET_DEV_REFCNT_TRACKER=y",
        );
        if tracked { Vec::new() } else { vec![tracker] }
    },
    ..Rule::BASE
};
