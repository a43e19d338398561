import books from "@/i18n/messages/books.zh-CN";
import catalog from "@/i18n/messages/catalog.zh-CN";
import channels from "@/i18n/messages/channels.zh-CN";
import console from "@/i18n/messages/console.zh-CN";
import figures from "@/i18n/messages/figures.zh-CN";
import ledger from "@/i18n/messages/ledger.zh-CN";
import lists from "@/i18n/messages/lists.zh-CN";
import models from "@/i18n/messages/models.zh-CN";
import requests from "@/i18n/messages/requests.zh-CN";
import roles from "@/i18n/messages/roles.zh-CN";
import shared from "@/i18n/messages/shared.zh-CN";
import site from "@/i18n/messages/site.zh-CN";
import traffic from "@/i18n/messages/traffic.zh-CN";

/** Every word of the console in one language, to be fetched in one go. */
export default { shared, console, lists, requests, ledger, models, channels, catalog, books, traffic, figures, roles, site };
