import books from "@/i18n/messages/books.en";
import catalog from "@/i18n/messages/catalog.en";
import channels from "@/i18n/messages/channels.en";
import console from "@/i18n/messages/console.en";
import figures from "@/i18n/messages/figures.en";
import ledger from "@/i18n/messages/ledger.en";
import lists from "@/i18n/messages/lists.en";
import models from "@/i18n/messages/models.en";
import requests from "@/i18n/messages/requests.en";
import roles from "@/i18n/messages/roles.en";
import shared from "@/i18n/messages/shared.en";
import site from "@/i18n/messages/site.en";
import traffic from "@/i18n/messages/traffic.en";

/** Every word of the console in one language, to be fetched in one go. */
export default { shared, console, lists, requests, ledger, models, channels, catalog, books, traffic, figures, roles, site };
