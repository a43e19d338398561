/** What stands around every page of the desktop panel. */
export default {
  places: { overview: "All sites", connections: "Connections", localServer: "Local server", app: "App", charts: "Charts" },
  kinds: { page: "Page", connection: "Connection" },
  switcher: {
    label: "Switch connection",
    none: "No connection",
    manage: "Manage connections",
    switched: "Now at {{name}}",
  },
  account: {
    open: "Language & theme",
    site: "Open in browser",
    signOut: "Sign out of this site",
    signOutTitle: "Sign out of {{name}}?",
    signOutWhy: "This device forgets what opens the site. To come back it has to be paired again.",
  },
  bar: {
    production: "Production",
    locked: "Changes are locked",
    unlock: "Unlock changes",
    open: "Changes are open for {{left}}",
    lock: "Lock now",
    readOnly: "Read only: changes are switched off for this connection",
  },
  unlock: {
    title: "Unlock changes at {{name}}?",
    why: "What you change there takes effect at once. Changes lock themselves again after five minutes.",
    type: "Type “{{name}}” to go on",
    wrong: "That isn’t the name.",
  },
  held: {
    title: "Switch to {{name}}?",
    why: "What you typed on this page isn’t saved. It is lost when you switch.",
    go: "Switch",
    stay: "Stay here",
  },
  none: {
    title: "No connection yet",
    why: "Pair this app with a site, or start a server on this computer.",
    connections: "Go to connections",
  },
};
