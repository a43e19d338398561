export default {
  title: "Appearance",
  why: "How the site looks in this browser.",
  language: "Language",
  languageWhy: "E-mails come in the language you chose under Profile.",
  theme: "Theme",
  themeWhy: "“Match system” follows your device, also when it changes in the evening.",
  zone: "Time zone",
  zoneWhy: "Times are shown in your device’s zone. Budgets count days in the site’s zone, {{zone}}.",
  shown: "Shown in",
};
