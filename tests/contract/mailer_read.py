"""Prints the .eml files of a directory as one JSON array, in the order of their names, read by Python's own e-mail
package: a reader that shares nothing with the composer under test."""

import email
import email.policy
import json
import pathlib
import sys


def content(mail, subtype):
    part = mail.get_body(preferencelist=(subtype,))
    return part.get_content().replace("\r\n", "\n") if part else ""


mails = []
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.eml")):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    mails.append(
        {
            "from": str(mail["From"] or ""),
            "reply_to": str(mail["Reply-To"] or ""),
            "to": str(mail["X-Rcpt-To"] or mail["To"] or ""),
            "sender": str(mail["X-Mail-From"] or ""),
            "subject": str(mail["Subject"] or ""),
            "message_id": str(mail["Message-ID"] or ""),
            "date": mail["Date"].datetime.isoformat(),
            "text": content(mail, "plain"),
            "html": content(mail, "html"),
            "headers": sorted({name.lower() for name in mail.keys()}),
            "defects": [str(defect) for part in mail.walk() for defect in part.defects],
        }
    )
json.dump(mails, sys.stdout)
