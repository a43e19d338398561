use waystation_desktop::calls::Gateway;
use waystation_desktop::pairing::{Approval, Link, PairError, PairingLink, pair, propose, read_link};
use waystation_desktop::trust::{Fingerprint, TlsPolicy, look_at_certificate};

use crate::calls::get;
use crate::drawer::Drawer;
use crate::front::{Front, Identity};
use crate::site::{EMAIL, Site, draft, local_connection};

fn pairing_link(text: &str) -> PairingLink {
    match read_link(text).unwrap() {
        Link::Pair(link) => link,
        Link::Open(target) => panic!("{target:?}"),
    }
}

fn approval() -> Approval {
    Approval { draft: draft(), device_name: "Desk".to_owned(), pin_key: false }
}

#[tokio::test]
async fn a_device_pairs_with_a_site_behind_its_own_certificate_and_works_there() {
    let (identity, place) = (Identity::draw(), Front::reserve().await);
    let url = format!("https://{}", place.local_addr().unwrap());
    let (site, _) = Site::start_owned(Some(&url), &local_connection()).await;
    let _front = Front::answer(place, &identity, site.address.as_str());

    // The site's own command looks at its certificate and names the key.
    let link = pairing_link(&site.pairing_link(Some(&url)).await);
    assert_eq!((link.address.as_str(), link.fingerprint), (url.as_str(), Some(identity.fingerprint)));
    let proposal = propose(&link, None).await.unwrap();
    assert!(proposal.may_pair && proposal.is_loopback);
    assert_eq!(
        proposal.seen.map(|seen| (seen.fingerprint, seen.is_trusted)),
        Some((identity.fingerprint, false))
    );
    let pinned = TlsPolicy::PinnedKey { fingerprint: identity.fingerprint };
    assert_eq!(proposal.tls.as_ref(), Some(&pinned));

    let paired = pair(&link, approval(), None).await.unwrap();
    assert_eq!((paired.email.as_str(), paired.role.as_str()), (EMAIL, "owner"));
    assert_eq!(paired.connection.tls, pinned);
    let drawer = Drawer::new();
    paired.credential.save(drawer.as_ref(), paired.connection.id).unwrap();
    let gateway = Gateway::new(Some(drawer));
    let answer = get(&gateway, &paired.connection, &link.address, "/api/me").await.unwrap();
    assert_eq!((answer.status, answer.body.contains(EMAIL)), (200, true));
    // A code is good once.
    assert!(matches!(pair(&link, approval(), None).await, Err(PairError::Call(_))));
}

#[tokio::test]
async fn a_site_with_another_key_than_the_link_names_is_not_sent_the_code() {
    let (identity, place) = (Identity::draw(), Front::reserve().await);
    let url = format!("https://{}", place.local_addr().unwrap());
    let (site, _) = Site::start_owned(Some(&url), &local_connection()).await;
    let front = Front::answer(place, &identity, site.address.as_str());
    let text = site.pairing_link(Some(&url)).await;
    let other = Fingerprint::of_key(b"other").to_string();
    let wrong = pairing_link(&text.replace(&identity.fingerprint.to_string(), &other));
    let proposal = propose(&wrong, None).await.unwrap();
    assert!(!proposal.may_pair && proposal.tls.is_none());
    assert!(matches!(pair(&wrong, approval(), None).await, Err(PairError::WrongKey)));
    // Without a key in the link a site that nobody vouches for is not believed either.
    let unnamed = pairing_link(&text.replace(&identity.fingerprint.to_string(), ""));
    assert!(!propose(&unnamed, None).await.unwrap().may_pair);
    assert!(matches!(pair(&unnamed, approval(), None).await, Err(PairError::WrongKey)));

    // Somebody who only shows the certificate is not looked at.
    let thief = Front::answer_as_thief(front.leave().await, &identity, site.address.as_str());
    assert!(look_at_certificate(&thief.url().parse().unwrap()).await.is_err());
    assert!(matches!(pair(&pairing_link(&text), approval(), None).await, Err(PairError::Look(_))));
    // The code was never sent, and is still good.
    let _front = Front::answer(thief.leave().await, &identity, site.address.as_str());
    assert!(pair(&pairing_link(&text), approval(), None).await.is_ok());
}

#[tokio::test]
async fn a_site_on_this_machine_pairs_without_tls() {
    let (site, _) = Site::start_owned(None, &local_connection()).await;
    let link = pairing_link(&site.pairing_link(None).await);
    assert_eq!((link.address.as_str(), link.fingerprint), (site.address.as_str(), None));
    let proposal = propose(&link, None).await.unwrap();
    assert!(proposal.may_pair && proposal.seen.is_none());
    assert_eq!(pair(&link, approval(), None).await.unwrap().connection.tls, TlsPolicy::System);
}

#[tokio::test]
async fn a_link_of_the_apps_own_server_pairs_its_connection_wherever_it_listens() {
    let (site, _) = Site::start_owned(None, &local_connection()).await;
    let (link, own) = (pairing_link(&site.pairing_link(None).await), local_connection());
    let paired = pair(&link, approval(), Some(&own)).await.unwrap();
    assert_eq!((paired.connection.id, &paired.connection.place), (own.id, &own.place));
    let drawer = Drawer::new();
    paired.credential.save(drawer.as_ref(), own.id).unwrap();
    let gateway = Gateway::new(Some(drawer));
    assert_eq!(get(&gateway, &own, &site.address, "/api/me").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_site_that_is_paired_anew_stays_the_connection_it_was() {
    let (identity, place) = (Identity::draw(), Front::reserve().await);
    let url = format!("https://{}", place.local_addr().unwrap());
    let (site, _) = Site::start_owned(Some(&url), &local_connection()).await;
    let front = Front::answer(place, &identity, site.address.as_str());
    let first = pairing_link(&site.pairing_link(Some(&url)).await);
    let known = pair(&first, approval(), None).await.unwrap().connection;

    let other = Identity::draw();
    let _front = Front::answer(front.leave().await, &other, site.address.as_str());
    let second = pairing_link(&site.pairing_link(Some(&url)).await);
    // Whoever decides sees the key that counted until now beside the one that is named.
    let proposal = propose(&second, Some(&known)).await.unwrap();
    let replaced = proposal.replaces.unwrap();
    assert_eq!((replaced.id, replaced.fingerprint), (known.id, Some(identity.fingerprint)));
    assert_eq!(proposal.expected, Some(other.fingerprint));
    let again = pair(&second, approval(), Some(&known)).await.unwrap();
    assert_eq!((again.connection.id, &again.connection.place), (known.id, &known.place));
    assert_eq!(again.connection.tls, TlsPolicy::PinnedKey { fingerprint: other.fingerprint });
    assert!(again.credential.belongs_to(&again.connection) && !again.credential.belongs_to(&known));
}
