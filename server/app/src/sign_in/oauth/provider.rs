//! One identity provider: its addresses, sending people there, and finding out who came back.

use std::io;

use axum::http::{Request, StatusCode, header};
use futures_util::future::BoxFuture;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse, TokenResponse,
    TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::clock::now_ms;
use crate::config::{ClientAuthentication, ProviderKind, ProviderSettings, Secret};
use crate::sign_in::oauth::discovery::{Discovery, Metadata};
use crate::sign_in::oauth::failure::OauthFailure;
use crate::sign_in::oauth::id_token::{Expected, read_signed_with, verify_id_token};
use crate::sign_in::oauth::outbound::{AskError, ProviderHttp, Reach};
use crate::sign_in::oauth::profile::Profile;

const GITHUB: &str = "https://github.com";
const GOOGLE: &str = "https://accounts.google.com";
const LINUX_DO: &str = "https://connect.linux.do/";

/// Every identity provider of the site.
pub(crate) struct Oauth {
    providers: Vec<Provider>,
}

/// One identity provider.
pub(in crate::sign_in) struct Provider {
    settings: ProviderSettings,
    http: ProviderHttp,
    discovery: Discovery,
}

/// What is remembered of a way to a provider, to know by it who comes back.
#[derive(Clone, Debug)]
pub(super) struct Way<'a> {
    /// Where the provider sends the browser back to.
    pub(super) redirect_url: &'a str,
    /// What only whoever began the way knows (RFC 7636).
    pub(super) verifier: &'a str,
    /// What the id token must repeat.
    pub(super) nonce: &'a str,
}

/// Where a provider is asked, and how.
struct Endpoints {
    authorize: Url,
    token: Url,
    userinfo: Option<Url>,
    /// Everything that it calls itself; people are known by the first.
    issuers: Vec<String>,
    must_name_issuer: bool,
    authentication: AuthType,
    metadata: Option<std::sync::Arc<Metadata>>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct IdTokenField {
    #[serde(default)]
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

type Token = StandardTokenResponse<IdTokenField, BasicTokenType>;

type Client = oauth2::Client<
    BasicErrorResponse,
    Token,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Oauth {
    /// Fails where the host's certificates cannot be used, if there is any provider to ask.
    pub(crate) fn new(settings: &[ProviderSettings]) -> io::Result<Self> {
        if settings.is_empty() {
            return Ok(Oauth { providers: Vec::new() });
        }
        let http = ProviderHttp::new()?;
        let provider = |settings: &ProviderSettings| Provider {
            settings: settings.clone(),
            http: http.clone(),
            discovery: Discovery::default(),
        };
        Ok(Oauth { providers: settings.iter().map(provider).collect() })
    }

    /// All of them, by name.
    pub(in crate::sign_in) fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The provider of that name.
    pub(super) fn find(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.settings.name == name)
    }
}

impl Provider {
    /// How it was set up.
    pub(in crate::sign_in) fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// What people call it.
    pub(in crate::sign_in) fn title(&self) -> &str {
        let usual = match self.settings.kind() {
            ProviderKind::Github => "GitHub",
            ProviderKind::Google => "Google",
            ProviderKind::LinuxDo => "LINUX DO",
            ProviderKind::Oidc | ProviderKind::OAuth2 => &self.settings.name,
        };
        self.settings.display_name.as_deref().unwrap_or(usual)
    }

    /// Whether it ever says that an address is verified.
    pub(super) fn vouches_for_addresses(&self) -> bool {
        self.settings.kind() != ProviderKind::LinuxDo
    }

    /// The provider's page that asks the person.
    pub(super) async fn authorize_url(&self, way: &Way<'_>, state: &str) -> Result<Url, OauthFailure> {
        let endpoints = self.endpoints().await?;
        let verifier = PkceCodeVerifier::new(way.verifier.to_owned());
        let client = self.client(&endpoints, way.redirect_url)?;
        let mut request = client
            .authorize_url(|| CsrfToken::new(state.to_owned()))
            .add_scopes(self.scopes().into_iter().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if self.speaks_openid() {
            request = request.add_extra_param("nonce", way.nonce);
        }
        Ok(request.url().0)
    }

    /// Checks which issuer an answer names (RFC 9207): a code that another provider gave must not be taken to this one.
    pub(super) async fn check_issuer(&self, named: Option<&str>) -> Result<(), OauthFailure> {
        let endpoints = self.endpoints().await?;
        match named {
            Some(issuer) if endpoints.issuers.iter().any(|known| known == issuer) => Ok(()),
            Some(_) => Err(OauthFailure::InvalidAnswer("it comes from another issuer")),
            None if endpoints.must_name_issuer => Err(OauthFailure::InvalidAnswer("it names no issuer")),
            None => Ok(()),
        }
    }

    /// Exchanges a code, and finds out whom the provider means.
    pub(super) async fn read_profile(&self, way: &Way<'_>, code: String) -> Result<Profile, OauthFailure> {
        let endpoints = self.endpoints().await?;
        let token = self.exchange_code(&endpoints, way, code).await?;
        let issuer = endpoints.issuers[0].clone();
        let access_token = token.access_token().secret();
        match (self.settings.kind(), &endpoints.userinfo, &endpoints.metadata) {
            (ProviderKind::Google | ProviderKind::Oidc, userinfo, Some(metadata)) => {
                let id_token = token.extra_fields().id_token.as_deref();
                let id_token = id_token.ok_or(OauthFailure::InvalidAnswer("there is no id token"))?;
                let mut profile = self.read_id_token(&endpoints, metadata, way, id_token).await?;
                if let Some(url) = userinfo
                    && profile.email.is_none()
                {
                    profile.add_userinfo(&self.read_document(url, access_token).await?)?;
                }
                Ok(profile)
            }
            (ProviderKind::Github, Some(url), _) => {
                let user = self.read_document(url, access_token).await?;
                let mut emails_url = url.clone();
                emails_url.set_path(&format!("{}/emails", url.path().trim_end_matches('/')));
                let emails = self.read_document(&emails_url, access_token).await?;
                Profile::of_github(issuer, &user, &emails)
            }
            (ProviderKind::LinuxDo, Some(url), _) => {
                let user = self.read_document(url, access_token).await?;
                Profile::of_linux_do(issuer, &user, self.settings.min_trust_level)
            }
            (ProviderKind::OAuth2, Some(url), _) => {
                let document = self.read_document(url, access_token).await?;
                Profile::of_document(issuer, &document, &self.settings)
            }
            _ => Err(OauthFailure::InvalidAnswer("it has no address for what is needed")),
        }
    }

    async fn read_id_token(
        &self,
        endpoints: &Endpoints,
        metadata: &Metadata,
        way: &Way<'_>,
        id_token: &str,
    ) -> Result<Profile, OauthFailure> {
        let signed_with = read_signed_with(id_token)?;
        let key = self.discovery.find_key(&self.http, self.reach(), metadata, &signed_with).await?;
        let expected = Expected {
            issuers: &endpoints.issuers,
            client_id: self.client_id(),
            nonce: way.nonce,
            now_s: now_ms() / 1_000,
        };
        let claims = verify_id_token(id_token, &signed_with, &key, &expected)?;
        Ok(Profile::of_claims(endpoints.issuers[0].clone(), &claims))
    }

    async fn exchange_code(
        &self,
        endpoints: &Endpoints,
        way: &Way<'_>,
        code: String,
    ) -> Result<Token, OauthFailure> {
        let ask = TokenRequests { http: self.http.clone(), reach: self.reach() };
        self.client(endpoints, way.redirect_url)?
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(way.verifier.to_owned()))
            .request_async(&ask)
            .await
            .map_err(refuse_exchange)
    }

    /// What the provider says of the person whose token this is.
    async fn read_document(&self, url: &Url, access_token: &str) -> Result<Value, OauthFailure> {
        let request = Request::get(url.as_str())
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {access_token}"))
            .body(Vec::new());
        let request = request.map_err(|_| OauthFailure::InvalidAnswer("its token cannot be sent"))?;
        let answer = self.http.ask(self.reach(), request).await?;
        if answer.status() != StatusCode::OK {
            return Err(OauthFailure::Status(answer.status()));
        }
        serde_json::from_slice(answer.body())
            .map_err(|_| OauthFailure::InvalidAnswer("what it says of the person is no JSON"))
    }

    async fn endpoints(&self) -> Result<Endpoints, OauthFailure> {
        let settings = &self.settings;
        let (authorize, token, userinfo, issuer) = match settings.kind() {
            ProviderKind::Google => return self.discover(GOOGLE).await,
            ProviderKind::Oidc => return self.discover(settings.issuer.as_deref().unwrap_or_default()).await,
            ProviderKind::Github => (
                "https://github.com/login/oauth/authorize",
                "https://github.com/login/oauth/access_token",
                "https://api.github.com/user",
                GITHUB,
            ),
            ProviderKind::LinuxDo => (
                "https://connect.linux.do/oauth2/authorize",
                "https://connect.linux.do/oauth2/token",
                "https://connect.linux.do/api/user",
                LINUX_DO,
            ),
            ProviderKind::OAuth2 => ("", "", "", ""),
        };
        let userinfo = one_of(settings.userinfo_url.as_ref(), userinfo)?;
        // Whom an id means is said by the document that it is in: with another one, ids mean others.
        let issuer = match (&settings.issuer, &settings.userinfo_url) {
            (Some(issuer), _) => issuer.clone(),
            (None, Some(url)) => url.to_string(),
            (None, None) => issuer.to_owned(),
        };
        let mut issuers = vec![issuer];
        if settings.kind() == ProviderKind::Github && issuers[0] == GITHUB {
            issuers.push(format!("{GITHUB}/login/oauth"));
        }
        Ok(Endpoints {
            authorize: one_of(settings.authorize_url.as_ref(), authorize)?,
            token: one_of(settings.token_url.as_ref(), token)?,
            userinfo: Some(userinfo),
            issuers,
            must_name_issuer: false,
            authentication: self.authentication(match settings.kind() {
                ProviderKind::Github => AuthType::RequestBody,
                _ => AuthType::BasicAuth,
            }),
            metadata: None,
        })
    }

    async fn discover(&self, usual_issuer: &str) -> Result<Endpoints, OauthFailure> {
        let settings = &self.settings;
        let issuer = settings.issuer.as_deref().unwrap_or(usual_issuer);
        let metadata = self.discovery.metadata(&self.http, self.reach(), issuer).await?;
        let mut issuers = vec![issuer.to_owned()];
        if issuer == GOOGLE {
            // Google's tokens have either.
            issuers.push(GOOGLE.trim_start_matches("https://").to_owned());
        }
        let ways = metadata.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let is_offered = |way: &str| ways.iter().any(|offered| offered == way);
        let usual = match is_offered("client_secret_post") && !is_offered("client_secret_basic") {
            true => AuthType::RequestBody,
            false => AuthType::BasicAuth,
        };
        let own = |url: &Option<Url>, theirs: &Url| url.clone().unwrap_or_else(|| theirs.clone());
        Ok(Endpoints {
            authorize: own(&settings.authorize_url, &metadata.authorization_endpoint),
            token: own(&settings.token_url, &metadata.token_endpoint),
            userinfo: settings.userinfo_url.clone().or_else(|| metadata.userinfo_endpoint.clone()),
            issuers,
            must_name_issuer: metadata.authorization_response_iss_parameter_supported,
            authentication: self.authentication(usual),
            metadata: Some(metadata),
        })
    }

    fn client(&self, endpoints: &Endpoints, redirect_url: &str) -> Result<Client, OauthFailure> {
        // Browsers are sent there too: no address that would run as a script.
        if !self.settings.may_ask(&endpoints.authorize) || !endpoints.authorize.has_host() {
            return Err(OauthFailure::Unreachable(AskError::NotAllowed));
        }
        let redirect_url = RedirectUrl::new(redirect_url.to_owned())
            .map_err(|_| OauthFailure::InvalidAnswer("the site's own address is none"))?;
        let client = oauth2::Client::new(ClientId::new(self.client_id().to_owned()))
            .set_auth_uri(AuthUrl::from_url(endpoints.authorize.clone()))
            .set_token_uri(TokenUrl::from_url(endpoints.token.clone()))
            .set_redirect_uri(redirect_url)
            .set_auth_type(endpoints.authentication.clone());
        Ok(match self.settings.client_secret.as_ref().map(Secret::reveal) {
            Some(secret) if !secret.is_empty() => {
                client.set_client_secret(ClientSecret::new(secret.to_owned()))
            }
            _ => client,
        })
    }

    fn authentication(&self, usual: AuthType) -> AuthType {
        match self.settings.client_auth {
            Some(ClientAuthentication::Basic) => AuthType::BasicAuth,
            Some(ClientAuthentication::Body) => AuthType::RequestBody,
            None => usual,
        }
    }

    fn client_id(&self) -> &str {
        self.settings.client_id.as_deref().unwrap_or_default()
    }

    fn speaks_openid(&self) -> bool {
        matches!(self.settings.kind(), ProviderKind::Google | ProviderKind::Oidc)
    }

    fn reach(&self) -> Reach {
        if self.settings.allow_private_network { Reach::Anywhere } else { Reach::PublicOnly }
    }

    fn scopes(&self) -> Vec<String> {
        let usual: &[&str] = match self.settings.kind() {
            _ if !self.settings.scopes.is_empty() => return self.settings.scopes.clone(),
            ProviderKind::Github => &["read:user", "user:email"],
            ProviderKind::Google | ProviderKind::Oidc => &["openid", "email", "profile"],
            ProviderKind::LinuxDo | ProviderKind::OAuth2 => &[],
        };
        usual.iter().map(|scope| (*scope).to_owned()).collect()
    }
}

/// Carries a code to its provider.
struct TokenRequests {
    http: ProviderHttp,
    reach: Reach,
}

impl<'call> AsyncHttpClient<'call> for TokenRequests {
    type Error = AskError;
    type Future = BoxFuture<'call, Result<HttpResponse, AskError>>;

    fn call(&'call self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { self.http.ask(self.reach, request).await.map(name_failure) })
    }
}

fn one_of(own: Option<&Url>, usual: &str) -> Result<Url, OauthFailure> {
    own.cloned()
        .or_else(|| Url::parse(usual).ok())
        .ok_or(OauthFailure::InvalidAnswer("it has no address for what is needed"))
}

/// GitHub tells of failures with the status of success (RFC 6749, section 5.2, wants 400).
fn name_failure(mut answer: HttpResponse) -> HttpResponse {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(rename = "error")]
        _error: String,
    }
    if answer.status() == StatusCode::OK && serde_json::from_slice::<Refusal>(answer.body()).is_ok() {
        *answer.status_mut() = StatusCode::BAD_REQUEST;
    }
    answer
}

fn refuse_exchange(error: RequestTokenError<AskError, BasicErrorResponse>) -> OauthFailure {
    match error {
        RequestTokenError::Request(error) => OauthFailure::Unreachable(error),
        // The code alone: a description may repeat what was sent.
        RequestTokenError::ServerResponse(refusal) => {
            OauthFailure::ProviderRefused(refusal.error().to_string())
        }
        RequestTokenError::Parse(..) => OauthFailure::InvalidAnswer("the answer to the code cannot be read"),
        RequestTokenError::Other(_) => OauthFailure::InvalidAnswer("the answer to the code is none"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::config::{Config, Flags, load_values};

    fn oauth(settings: &[(&str, &str)]) -> Oauth {
        let settings = settings.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let values = load_values(&Flags { file: None, settings }, |_: &str| None).unwrap();
        Oauth::new(&Config::from_values(&values).unwrap().oauth).unwrap()
    }

    const WAY: Way<'_> = Way {
        redirect_url: "https://ai.example.com/api/auth/oauth/github/callback",
        verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        nonce: "n",
    };

    #[tokio::test]
    async fn people_are_sent_to_github_with_pkce_and_the_exact_address_of_the_way_back() {
        let oauth = oauth(&[("oauth.github.client_id", "client")]);
        let provider = oauth.find("github").unwrap();
        assert_eq!(provider.title(), "GitHub");
        let url = provider.authorize_url(&WAY, "s").await.unwrap();
        assert_eq!(
            url.origin().ascii_serialization() + url.path(),
            "https://github.com/login/oauth/authorize"
        );
        let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
        let expected = [
            ("response_type", "code"),
            ("client_id", "client"),
            ("redirect_uri", WAY.redirect_url),
            ("scope", "read:user user:email"),
            ("state", "s"),
            // RFC 7636, appendix B.
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ];
        let expected: HashMap<_, _> =
            expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        assert_eq!(query, expected);
    }

    #[tokio::test]
    async fn an_answer_names_its_own_issuer_or_none() {
        let oauth = oauth(&[("oauth.github.client_id", "a"), ("oauth.linuxdo.client_id", "b")]);
        let (github, linux_do) = (oauth.find("github").unwrap(), oauth.find("linuxdo").unwrap());
        for issuer in [None, Some(GITHUB), Some("https://github.com/login/oauth")] {
            assert!(github.check_issuer(issuer).await.is_ok(), "{issuer:?}");
        }
        assert!(linux_do.check_issuer(Some(LINUX_DO)).await.is_ok());
        for issuer in ["", GOOGLE, LINUX_DO, "https://github.com/", "https://github.com.evil.example"] {
            assert!(github.check_issuer(Some(issuer)).await.is_err(), "{issuer}");
        }
        assert!(linux_do.check_issuer(Some(GITHUB)).await.is_err());
        assert!(oauth.find("google").is_none());
    }

    #[tokio::test]
    async fn with_another_document_an_id_means_another_person() {
        let own = oauth(&[
            ("oauth.github.client_id", "a"),
            ("oauth.github.userinfo_url", "https://github.example.com/api/v3/user"),
        ]);
        let endpoints = own.find("github").unwrap().endpoints().await.unwrap();
        assert_eq!(endpoints.issuers, ["https://github.example.com/api/v3/user"]);
    }

    #[test]
    fn a_failure_with_the_status_of_success_is_one() {
        let answer = |body: &str| {
            let mut answer = HttpResponse::new(body.as_bytes().to_vec());
            *answer.status_mut() = StatusCode::OK;
            name_failure(answer).status()
        };
        assert_eq!(answer(r#"{"error":"bad_verification_code"}"#), StatusCode::BAD_REQUEST);
        assert_eq!(answer(r#"{"access_token":"a","token_type":"bearer"}"#), StatusCode::OK);
        assert_eq!(answer(""), StatusCode::OK);
    }
}
