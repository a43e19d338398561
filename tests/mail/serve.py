"""A mail server that keeps each mail as a file of JSON, read by the standard library's own parser.

    serve.py FOLDER [REFUSALS]

Prints the port it listens on. The first REFUSALS mails are refused with a code that says to try again.
"""

import asyncio
import email
import email.policy
import json
import os
import sys

from aiosmtpd.smtp import SMTP


class Folder:
    def __init__(self, path, refusals):
        self.path = path
        self.refusals = refusals
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        if self.refusals > 0:
            self.refusals -= 1
            return "451 4.3.0 Try again later"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        mail = {
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "kind": message.get_content_type(),
            "headers": {name: str(value) for name, value in message.items()},
            "subject": str(message["subject"]),
            "text": text.get_content() if text else None,
            "html": html.get_content() if html else None,
            "raw": envelope.content.decode("utf-8", "replace"),
        }
        self.count += 1
        # Seen by the tests only once it is whole.
        name = os.path.join(self.path, f"{self.count:06}.json")
        with open(name + ".new", "w", encoding="utf-8") as file:
            json.dump(mail, file)
        os.rename(name + ".new", name)
        return "250 OK"


async def main():
    folder = Folder(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(folder, hostname="localhost", loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
