"""What a Python program does with the SDK: identify, track, page, screen, group, alias, then flush.

HOST, WRITE_KEY, WHO and GZIP come from the environment. Prints one JSON line.
"""

import datetime
import json
import os

import segment.analytics as analytics

who = os.environ["WHO"]
errors = []
analytics.write_key = os.environ["WRITE_KEY"]
analytics.host = os.environ["HOST"]
analytics.gzip = os.environ["GZIP"] == "yes"
analytics.max_retries = 1
analytics.on_error = lambda error, items: errors.append(str(error))

user, anonymous = f"user-{who}", f"anonymous-{who}"
sent = []


def call(kind, *arguments, **named):
    at = datetime.datetime(2026, 2, 3, 11, len(sent), 7, 125000, tzinfo=datetime.timezone.utc)
    message = f"{who}-{len(sent)}"
    getattr(analytics, kind)(*arguments, timestamp=at, message_id=message, **named)
    sent.append({"type": kind, "messageId": message, "time": at.isoformat()})


call("identify", user, {"email": f"{who}@mail.example", "first_name": "Pia", "plan": "silver"}, anonymous_id=anonymous)
call("track", user, "Product Viewed", {"product_id": "p-2", "price": 7.25})
call("page", user, "Shop", "Home", {"path": "/", "title": "Ünïcödé"})
call("screen", user, "Shop", "Basket", {"items": 2})
call("group", user, f"HM-{who}", {"name": "The family"})
call("alias", f"before-{who}", user)
analytics.flush()
print(json.dumps({"sent": sent, "errors": errors}))
