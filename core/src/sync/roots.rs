//! Whom to trust where the system cannot be asked: Android tells only through a JVM in hand, which this client has not.

use reqwest::{Certificate, ClientBuilder};

/// Trusts the certificates that browsers trust, as they were when this was built, and no others.
pub(super) fn trust_the_web(client: ClientBuilder) -> ClientBuilder {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    client.tls_certs_only(roots.filter_map(|root| Certificate::from_der(root).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_root_can_be_read() {
        super::super::http::install_tls();
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        assert!(roots.len() > 100 && roots.iter().all(|root| Certificate::from_der(root).is_ok()));
        trust_the_web(reqwest::Client::builder()).build().unwrap();
    }
}
