//! Mails to people. What they say is the site's alone: nothing that anybody typed stands in one, and their sender is
//! the one of the settings.

mod allowance;
mod letter;
mod wording;

use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};
use waystation_api::locale::Locale;
use waystation_ids::Email;

pub(crate) use allowance::MailAllowance;
pub(crate) use wording::{MailKind, SeenDeed};

use crate::config::Config;
use crate::error::{StartError, error_chain};
use crate::hex::write_hex;
use crate::random::random_bytes;
use crate::tasks::Tasks;

/// Mails that have not gone out yet; further ones are dropped, as their server would not take them either.
const WAITING_MAX: usize = 1_000;
/// Connections to the mail server at once.
const CONNECTIONS_MAX: usize = 4;
/// What each step with the mail server may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(15);
const TRY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait before each further try.
const PAUSES: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(15), Duration::from_secs(60)];

/// A mail to a person.
#[derive(Clone)]
pub(crate) struct Mail {
    /// Whom it goes to.
    pub(crate) to: Email,
    /// The language it is written in.
    pub(crate) locale: Locale,
    /// What it says.
    pub(crate) kind: MailKind,
}

/// Sends mails, where the site has a mail server.
pub(crate) struct Mailer {
    outgoing: Option<Arc<Outgoing>>,
    waiting: Arc<Semaphore>,
    tasks: Tasks,
}

/// The way to the mail server.
struct Outgoing {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
    connections: Semaphore,
}

impl Mailer {
    /// Reads the settings; connects to nothing.
    pub(crate) fn open(config: &Config, tasks: Tasks) -> Result<Self, StartError> {
        let outgoing = match (&config.mail_smtp_url, &config.mail_from) {
            (Some(url), Some(sender)) => Some(Arc::new(Outgoing {
                transport: AsyncSmtpTransport::<Tokio1Executor>::from_url(url.reveal())
                    .map_err(StartError::Mail)?
                    .timeout(Some(STEP_TIMEOUT))
                    .build(),
                sender: sender.mailbox().clone(),
                connections: Semaphore::new(CONNECTIONS_MAX),
            })),
            _ => None,
        };
        Ok(Mailer { outgoing, waiting: Arc::new(Semaphore::new(WAITING_MAX)), tasks })
    }

    /// Whether the site sends mails.
    pub(crate) fn enabled(&self) -> bool {
        self.outgoing.is_some()
    }

    /// Whether mails to this address go out: the site sends mails, and it is not one that nobody has (RFC 2606, section
    /// 2), which stands for one that is not known.
    pub(crate) fn reaches(&self, to: &Email) -> bool {
        self.enabled() && !is_nobodys(to)
    }

    /// Does in the background what decides whether a mail goes out; where too much waits already, it is not done.
    pub(crate) fn prepare(&self, what: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(place) = self.waiting.clone().try_acquire_owned() else {
            warn!(what, "too many mails wait for the mail server: one is dropped");
            return;
        };
        self.tasks.spawn(what, async move {
            let _place = place;
            work.await;
        });
    }

    /// Hands a mail to a task that tries a few times, and returns. What does not reach anybody is not sent.
    pub(crate) fn send(&self, mail: Mail) {
        if is_nobodys(&mail.to) {
            return debug!(kind = mail.kind.name(), "a mail would reach nobody");
        }
        let Some(outgoing) = self.outgoing.clone() else { return };
        let Ok(place) = self.waiting.clone().try_acquire_owned() else {
            warn!(kind = mail.kind.name(), "too many mails wait for the mail server: one is dropped");
            return;
        };
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn("send_mail", async move {
            let _place = place;
            outgoing.deliver(&mail, &stopping).await;
        });
    }
}

fn is_nobodys(address: &Email) -> bool {
    address.as_str().rsplit(['@', '.']).next() == Some("invalid")
}

impl Outgoing {
    async fn deliver(&self, mail: &Mail, stopping: &CancellationToken) {
        let kind = mail.kind.name();
        let message = match self.write(mail) {
            Ok(message) => message,
            Err(failure) => {
                return error!(kind, error = error_chain(failure.as_ref()), "a mail cannot be written");
            }
        };
        let mut pauses = PAUSES.into_iter();
        loop {
            let failure = match self.try_once(&message).await {
                Ok(()) => return debug!(kind, "a mail was handed over"),
                Err(failure) => failure,
            };
            let pause = pauses.next().filter(|_| failure.may_pass);
            let Some(pause) = pause else {
                return error!(kind, error = failure.text, "a mail could not be sent");
            };
            warn!(kind, error = failure.text, "a mail could not be sent and will be tried again");
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stopping.cancelled() => return warn!(kind, "a mail was not sent: the server stops"),
            }
        }
    }

    async fn try_once(&self, message: &Message) -> Result<(), Failure> {
        // Closed by nobody.
        let _connection = self.connections.acquire().await;
        match timeout(TRY_TIMEOUT, self.transport.send(message.clone())).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure::from(&error)),
            Err(_) => Err(Failure { text: "the mail server takes too long".to_owned(), may_pass: true }),
        }
    }

    fn write(&self, mail: &Mail) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
        let letter = wording::write_letter(&mail.kind, mail.locale);
        let random = write_hex(&random_bytes::<16>()?);
        let message = Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, mail.to.as_str().parse()?))
            // Not with the name of this machine in it.
            .message_id(Some(format!("<{random}@{}>", self.sender.email.domain())))
            .subject(letter.subject)
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(letter.text(), letter.html(mail.locale)))?;
        Ok(message)
    }
}

/// Why a try failed, as the log may tell it.
struct Failure {
    text: String,
    may_pass: bool,
}

impl From<&SmtpError> for Failure {
    fn from(error: &SmtpError) -> Self {
        // What a mail server answers often names the address: of it only the code is told.
        let text = match error.status() {
            Some(code) => format!("the mail server answers {code}"),
            None => error_chain(error),
        };
        Failure { text, may_pass: !error.is_permanent() }
    }
}

/// Tells programs that answer mails by themselves not to answer this one (RFC 3834, section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
