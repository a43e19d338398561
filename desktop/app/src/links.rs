//! Links that other programs open, and those that are pasted. Nothing happens by a link alone.

use std::time::Instant;

use tauri::{AppHandle, Manager};
use tauri_plugin_deep_link::DeepLinkExt;
use waystation_desktop::pairing::{Link, PairingLink, Proposal, propose, read_link};

use crate::desk::{Desk, LinkNews};
use crate::failure::Reply;
use crate::window;

/// Hears of links from now on, and of the one that started the app.
pub(crate) fn listen(app: &AppHandle) {
    let handle = app.clone();
    app.deep_link().on_open_url(move |event| {
        for url in event.urls() {
            follow(&handle, url.as_str());
        }
    });
    match app.deep_link().get_current() {
        Ok(urls) => urls.unwrap_or_default().iter().for_each(|url| follow(app, url.as_str())),
        Err(error) => log::warn!("the link that started the app could not be read: {error}"),
    }
}

/// Looks at the site that a pasted text invites to. The code stays here.
pub(crate) async fn propose_text(app: &AppHandle, text: &str) -> Reply<Proposal> {
    match read_link(text)? {
        Link::Pair(link) => {
            let desk = app.state::<Desk>();
            let known = desk.connection_to(&link.address);
            let proposal = propose(&link, known.as_ref()).await?;
            desk.waiting.keep(link, proposal.clone(), Instant::now());
            desk.announce("proposal");
            Ok(proposal)
        }
        Link::Open(_) => Err(waystation_desktop::pairing::LinkError::Unknown.into()),
    }
}

fn follow(app: &AppHandle, text: &str) {
    let app = app.clone();
    match read_link(text) {
        Ok(Link::Open(target)) => {
            window::show(&app);
            app.state::<Desk>().tell_of_link(LinkNews::Page(target));
        }
        Ok(Link::Pair(link)) => {
            window::show(&app);
            tauri::async_runtime::spawn(async move {
                // A failure is shown as well: the window asks for the proposal, and says why there is none.
                if let Err(error) = follow_pairing(&app, link).await {
                    app.state::<Desk>().tell_of_link(LinkNews::Failure(error));
                }
            });
        }
        // Anybody can have any text opened: it is not repeated.
        Err(error) => log::warn!("a link was not followed: {error}"),
    }
}

async fn follow_pairing(app: &AppHandle, link: PairingLink) -> Reply<()> {
    let desk = app.state::<Desk>();
    let Some(look) = desk.waiting.admit(Instant::now()) else {
        log::warn!("a link was not followed: another one waits for an answer");
        return Ok(());
    };
    let known = desk.connection_to(&link.address);
    let proposal = propose(&link, known.as_ref()).await?;
    if look.keep(link, proposal, Instant::now()) {
        desk.announce("proposal");
    }
    Ok(())
}
