//! Routes that name what is needed for them. There is no way to add one without.

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use waystation_api::permissions::Permission;

use crate::auth::actor::actor_of;
use crate::error::ApiError;
use crate::openapi::security_requirements;
use crate::state::App;

/// What is needed for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing: the route is one by which people become known.
    Anyone,
    /// To be signed in, even where nothing else is allowed yet than to set up a second factor.
    Identified,
    /// To be signed in: the route shows and changes what is the caller's own.
    SignedIn,
    /// To have a permission.
    Holding(Permission),
}

/// The management routes of a slice, or of all.
#[derive(Clone)]
pub(crate) struct GuardedRoutes {
    router: OpenApiRouter<App>,
    table: Vec<GuardedRoute>,
}

/// One line of the table of routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuardedRoute {
    /// The method, in upper case.
    pub(crate) method: &'static str,
    /// The path below `/api`, with its parameters in braces.
    pub(crate) path: String,
    /// What is needed.
    pub(crate) access: Access,
}

impl GuardedRoutes {
    /// No routes.
    pub(crate) fn new() -> Self {
        GuardedRoutes { router: OpenApiRouter::new(), table: Vec::new() }
    }

    /// Adds handlers collected with `routes!`. Whoever lacks `access` is refused before the handler sees anything.
    pub(crate) fn route(mut self, access: Access, routes: UtoipaMethodRouter<App>) -> Self {
        let (schemas, mut paths, methods) = routes;
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                describe(access, operation);
                self.table.push(GuardedRoute { method, path: path.clone(), access });
            }
        }
        let methods = methods.layer(from_fn(move |request, next| admit(access, request, next)));
        self.router = self.router.routes((schemas, paths, methods));
        self
    }

    /// Adds the routes of another slice.
    pub(crate) fn merge(mut self, mut other: GuardedRoutes) -> Self {
        self.table.append(&mut other.table);
        self.router = self.router.merge(other.router);
        self
    }

    /// Every route with what is needed for it.
    #[cfg(test)]
    pub(crate) fn table(&self) -> &[GuardedRoute] {
        &self.table
    }

    /// The routes, to be nested below `/api` inside of [`crate::auth::identify_actor`].
    pub(crate) fn into_router(self) -> OpenApiRouter<App> {
        self.router
    }
}

async fn admit(access: Access, request: Request, next: Next) -> Response {
    match check(access, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn check(access: Access, request: &Request) -> Result<(), ApiError> {
    if access == Access::Anyone {
        return Ok(());
    }
    let actor = actor_of(request.extensions())?;
    if access != Access::Identified {
        actor.check_second_factor()?;
    }
    match access {
        Access::Anyone | Access::Identified | Access::SignedIn => Ok(()),
        Access::Holding(permission) if permission.is_held_by(actor.role()) => Ok(()),
        Access::Holding(permission) => Err(ApiError::forbidden(format!(
            "Your role lacks the permission {} that this needs.",
            permission.name()
        ))),
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("PATCH", &mut item.patch),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Writes into the API's description what the route needs.
fn describe(access: Access, operation: &mut Operation) {
    if access == Access::Anyone {
        operation.security = Some(Vec::new());
        return;
    }
    operation.security = Some(security_requirements());
    if let Access::Holding(permission) = access {
        let named = ExtensionsBuilder::new().add("x-permission", permission.name()).build();
        operation.extensions.get_or_insert_default().merge(named);
    }
}
