"""The other side of the app's D-Bus: the panel that shows its tray, whoever shows its notifications, and a reader of its
keyring. It is told what to do by lines of JSON and answers each with one.

Usage: session.py ADDRESS
"""

import asyncio
import base64
import json
import sys
import time

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

WATCHER = "org.kde.StatusNotifierWatcher"
NOTIFICATIONS = "org.freedesktop.Notifications"
PROPERTIES = "org.freedesktop.DBus.Properties"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
SECRETS = "org.freedesktop.secrets"
SERVICE = "org.freedesktop.Secret.Service"
PROMPTED = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
COLLECTION = "/org/freedesktop/secrets/collection/login"

WATCHER_STATE = {
    "IsStatusNotifierHostRegistered": Variant("b", True),
    "ProtocolVersion": Variant("i", 0),
    "RegisteredStatusNotifierItems": Variant("as", []),
}


class Session:
    def __init__(self, bus):
        self.bus = bus
        # Where the tray's icon is: the name on the bus, and the path there.
        self.item = None
        self.shown = []

    # What others ask.

    def hear(self, message):
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        answer = {
            (WATCHER, "RegisterStatusNotifierItem"): self.register_item,
            (WATCHER, "RegisterStatusNotifierHost"): lambda _: ("", []),
            (PROPERTIES, "Get"): lambda asked: ("v", [WATCHER_STATE[asked.body[1]]]),
            (PROPERTIES, "GetAll"): lambda _: ("a{sv}", [WATCHER_STATE]),
            (NOTIFICATIONS, "Notify"): self.show_notification,
            (NOTIFICATIONS, "GetCapabilities"): lambda _: ("as", [["body"]]),
            (NOTIFICATIONS, "GetServerInformation"): lambda _: ("ssss", ["test", "Waystation", "1", "1.2"]),
            (NOTIFICATIONS, "CloseNotification"): lambda _: ("", []),
        }.get((message.interface, message.member))
        if answer is None:
            return None
        signature, body = answer(message)
        return Message.new_method_return(message, signature, body)

    def register_item(self, message):
        (name,) = message.body
        # Some give their path, others their name.
        self.item = (message.sender, name) if name.startswith("/") else (name, "/StatusNotifierItem")
        return "", []

    def show_notification(self, message):
        _, _, _, title, body, *_ = message.body
        self.shown.append({"title": title, "body": body})
        return "u", [len(self.shown)]

    # What a test asks.

    async def call(self, destination, path, interface, member, signature="", body=()):
        asked = Message(destination=destination, path=path, interface=interface, member=member,
                        signature=signature, body=list(body))
        answer = await asyncio.wait_for(self.bus.call(asked), 20)
        if answer.message_type is MessageType.ERROR:
            raise RuntimeError(f"{member}: {answer.error_name} {answer.body}")
        return answer.body

    async def menu_place(self):
        if self.item is None:
            return None
        name, path = self.item
        # An app that has ended takes its icon with it.
        if not await self.has_name(name):
            return None
        (menu,) = await self.call(name, path, PROPERTIES, "Get", "ss", [ITEM, "Menu"])
        return name, menu.value

    async def tray(self):
        """The menu's lines as somebody sees them; null while there is no tray."""
        place = await self.menu_place()
        if place is None:
            return None
        _, layout = await self.call(*place, MENU, "GetLayout", "iias", [0, -1, []])
        lines = []
        for child in layout[2]:
            number, properties, _ = child.value
            told = {name: value.value for name, value in properties.items()}
            if not told.get("visible", True):
                continue
            lines.append({
                "number": number,
                # An underscore marks the letter after it, and two are one.
                "label": told.get("label", "").replace("__", "\0").replace("_", "").replace("\0", "_"),
                "is_line": told.get("type") == "separator",
                "is_enabled": told.get("enabled", True),
                "is_checked": told.get("toggle-state") == 1 if told.get("toggle-type") else None,
            })
        return lines

    async def choose(self, number):
        place = await self.menu_place()
        try:
            await self.call(*place, MENU, "Event", "isvu", [number, "clicked", Variant("i", 0), int(time.time())])
        except RuntimeError as error:
            # Who is told to quit may be gone before it has said so.
            if "NoReply" not in str(error):
                raise

    async def notifications(self):
        return self.shown

    async def has_name(self, name):
        (owned,) = await self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                   "NameHasOwner", "s", [name])
        return owned

    async def open_session(self):
        _, session = await self.call(SECRETS, "/org/freedesktop/secrets", SERVICE, "OpenSession", "sv",
                                     ["plain", Variant("s", "")])
        return session

    async def secrets(self):
        """Everything that the keyring holds, in the clear."""
        session = await self.open_session()
        items, _ = await self.call(SECRETS, "/org/freedesktop/secrets", SERVICE, "SearchItems", "a{ss}", [{}])
        if not items:
            return []
        (kept,) = await self.call(SECRETS, "/org/freedesktop/secrets", SERVICE, "GetSecrets", "aoo",
                                  [items, session])
        return [base64.b64encode(bytes(secret[2])).decode() for secret in kept.values()]

    async def lock(self):
        await self.call(SECRETS, "/org/freedesktop/secrets", SERVICE, "Lock", "ao", [[COLLECTION]])

    async def unlock(self, password):
        """What the keyring's own prompt does with the password that somebody types."""
        secret = [await self.open_session(), b"", password.encode(), "text/plain"]
        await self.call(SECRETS, "/org/freedesktop/secrets", PROMPTED, "UnlockWithMasterPassword", "o(oayays)",
                        [COLLECTION, secret])


async def main():
    bus = await MessageBus(bus_address=sys.argv[1], bus_type=BusType.SESSION).connect()
    session = Session(bus)
    bus.add_message_handler(session.hear)
    for name in (WATCHER, NOTIFICATIONS):
        await bus.request_name(name)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    print(json.dumps({"answer": "ready"}), flush=True)
    while line := await lines.readline():
        asked = json.loads(line)
        try:
            said = {"answer": await getattr(session, asked["do"])(*asked.get("with", []))}
        except Exception as error:  # noqa: BLE001: whatever went wrong, the test is told
            said = {"error": repr(error)}
        print(json.dumps(said), flush=True)


asyncio.run(main())
