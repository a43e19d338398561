import "i18next";

import type console from "./messages/console.en";
import type portal from "./messages/portal.en";
import type shared from "./messages/shared.en";
import type appearance from "./messages/appearance.en";
import type panel from "./messages/panel.en";
import type connections from "./messages/connections.en";
import type desk from "./messages/desk.en";
import type local from "./messages/local.en";
import type machine from "./messages/machine.en";
import type docs from "./messages/docs.en";
import type home from "./messages/home.en";
import type keys from "./messages/keys.en";
import type ledger from "./messages/ledger.en";
import type lists from "./messages/lists.en";
import type models from "./messages/models.en";
import type overview from "./messages/overview.en";
import type places from "./messages/places.en";
import type playground from "./messages/playground.en";
import type relay from "./messages/relay.en";
import type requests from "./messages/requests.en";
import type channels from "./messages/channels.en";
import type catalog from "./messages/catalog.en";
import type books from "./messages/books.en";
import type traffic from "./messages/traffic.en";
import type figures from "./messages/figures.en";
import type site from "./messages/site.en";
import type roles from "./messages/roles.en";
import type usage from "./messages/usage.en";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "shared";
    resources: {
      shared: typeof shared;
      portal: typeof portal;
      console: typeof console;
      appearance: typeof appearance;
      connections: typeof connections;
      desk: typeof desk;
      local: typeof local;
      machine: typeof machine;
      panel: typeof panel;
      docs: typeof docs;
      home: typeof home;
      keys: typeof keys;
      ledger: typeof ledger;
      lists: typeof lists;
      models: typeof models;
      overview: typeof overview;
      places: typeof places;
      playground: typeof playground;
      relay: typeof relay;
      requests: typeof requests;
      channels: typeof channels;
      catalog: typeof catalog;
      books: typeof books;
      traffic: typeof traffic;
      figures: typeof figures;
      site: typeof site;
      roles: typeof roles;
      usage: typeof usage;
    };
  }
}
