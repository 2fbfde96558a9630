//! Decides which `Host` a request may name. It must never resolve a name: what counts is what the browser was told.

/// Which host names a request may carry.
///
/// A web page elsewhere can point its own name at 127.0.0.1 (DNS rebinding) and read whatever a local server
/// answers to that name. So a server on the loopback answers to the loopback's own names alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// `localhost`, `127.0.0.1` and `[::1]`, with any port.
    Loopback,
    /// Any: for a server that others on the network are meant to reach by names of their own.
    Any,
}

impl Hosts {
    /// Whether a request with this `Host` header is answered.
    pub fn allows(self, host: Option<&str>) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Loopback, Some(host)) => {
                let name = match host.rsplit_once(':') {
                    Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
                    _ => host,
                };
                name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
            }
            (Self::Loopback, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    #[test]
    fn loopback_answers_to_its_own_names_alone() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000"] {
            assert!(Hosts::Loopback.allows(Some(host)), "{host}");
        }
        for host in ["", "example.com", "127.0.0.1.example.com", "localhost:x", "localhost.example:1", "::1", "[::1"] {
            assert!(!Hosts::Loopback.allows(Some(host)), "{host}");
        }
        assert!(!Hosts::Loopback.allows(None));
        assert!(Hosts::Any.allows(Some("lab-7")) && Hosts::Any.allows(None));
    }
}
