"""Prints the newest mail of an outbox folder (RFC 5322 files), decoded: its headers and its text part.

show_mail.py FOLDER
"""

import email
import email.policy
import pathlib
import sys


def main(folder):
    files = sorted(pathlib.Path(folder).rglob("*.eml"), key=lambda file: file.stat().st_mtime)
    if not files:
        sys.exit(f"There is no mail in {folder}.")
    mail = email.message_from_bytes(files[-1].read_bytes(), policy=email.policy.default)
    print(files[-1].name)
    for name in ("From", "To", "Subject"):
        print(f"{name}: {mail[name]}")
    body = mail.get_body(("plain", "html"))
    print()
    print(body.get_content().rstrip() if body else "(no text)")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
