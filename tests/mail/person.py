"""A person at the other end, and a verifier of signatures: with Python's own IMAP and SMTP, and Debian's python3-dkim.

    person.py read PORT USER            every mail of a mailbox, as a JSON list of texts
    person.py write PORT FROM TO        hands the mail on standard input to a mail server
    person.py verify                    {"message": ..., "records": {name: text}} on standard input; prints true or false
"""

import imaplib
import json
import smtplib
import sys


def read(port, user):
    with imaplib.IMAP4("127.0.0.1", int(port), timeout=10) as box:
        box.login(user, "secret")
        box.select("INBOX", readonly=True)
        _, (numbers,) = box.search(None, "ALL")
        mails = [box.fetch(number, "(RFC822)")[1][0][1].decode() for number in numbers.split()]
    print(json.dumps(mails))


def write(port, sender, recipient):
    with smtplib.SMTP("127.0.0.1", int(port), timeout=10) as server:
        server.sendmail(sender, [recipient], sys.stdin.read())


def verify():
    import dkim

    asked = json.load(sys.stdin)
    records = {name.rstrip("."): text.encode() for name, text in asked["records"].items()}

    def look_up(name, timeout=5):
        return records.get(name.decode().rstrip("."))

    print(json.dumps(dkim.verify(asked["message"].encode(), dnsfunc=look_up)))


{"read": read, "write": write, "verify": verify}[sys.argv[1]](*sys.argv[2:])
