#!/usr/bin/env python3
"""Writes the sample feeds of Harbor Motors, and what must come out of them.

    python3 generate.py

The same seed always gives the same bytes. Everything that a test compares with is counted here by construction: each
record is written for a person who is known beforehand, and the script checks that the identifiers it wrote hold each
person together and keep different people apart.
"""

import csv
import datetime as dt
import io
import json
import pathlib
import random
import types
from xml.sax.saxutils import escape, quoteattr

HERE = pathlib.Path(__file__).parent
SEED = 20260302
AS_OF = dt.datetime(2026, 3, 2, 18, 0, tzinfo=dt.timezone.utc)
# Central Standard Time; the feeds end before the clocks change on 8 March 2026.
CHICAGO = dt.timezone(dt.timedelta(hours=-6))

# How many people of each kind there are.
REGISTERED = 150  # on the web site
VISITORS = 40  # on the web site, never said who they are
CALLERS = 55  # only known to the call centre
CARD_HOLDERS = 35  # only known to the till
ON_A_LIST = 70  # only on a bought list
WALK_INS = 15  # only signed a card in the showroom
COUPLES = 5  # besides Ann and Ben Carter: two registered people with one account

# What becomes of the carts that are left behind.
CARTS = {
    "too_small": 3,  # below 50 dollars: no trigger
    "too_old": 2,  # older than the six hours that the trigger lives
    "bought_on_web": 3,
    "bought_by_phone": 6,  # in the orders feed, which arrives last
    "without_consent": 1,
    "unsubscribed": 1,
    "reminded": 8,
}

# Rows that cannot be read or break a contract, and copies of good ones.
BROKEN = {
    "list-autofans": 3,
    "list-newmovers": 2,
    "web": 4,
    "showroom": 3,
    "till": 4,
    "email-platform": 2,
    "sms-gateway": 2,
    "call-centre-calls": 4,
    "call-centre-orders": 3,
}
COPIES = {
    "list-autofans": 2,
    "list-newmovers": 2,
    "web": 3,
    "showroom": 1,
    "till": 0,  # two rows that are the same are two purchases there
    "email-platform": 2,
    "sms-gateway": 1,
    "call-centre-calls": 3,
    "call-centre-orders": 1,
}
SOURCES = {  # feed: (source, feed, file)
    "list-autofans": ("list-autofans", "people", "list-autofans.csv"),
    "list-newmovers": ("list-newmovers", "movers", "list-newmovers.txt"),
    "web": ("web", None, "web-events.jsonl"),
    "showroom": ("showroom", "walk-ins", "showroom-walk-ins.jsonl"),
    "till": ("till", "purchases", "till-purchases.csv"),
    "email-platform": ("email-platform", "activity", "email-platform-activity.jsonl"),
    "sms-gateway": ("sms-gateway", "replies", "sms-gateway-replies.csv"),
    "call-centre-calls": ("call-centre", "calls", "call-centre-calls.csv"),
    "call-centre-orders": ("call-centre", "orders", "call-centre-orders.xml"),
}
REGION = ("IL", "IN", "WI")  # where the trade-in offer goes

FIRST = """Ada Alan Alice Amir Amy Anita Arthur Barbara Beth Brian Carla Carlos Carol Chen Chloe Clara Daniel Daria David
Diane Diego Elena Emil Emma Erik Esther Eva Felix Fiona Frank Gina Grace Hana Harold Helen Ida Igor Irene Isaac Jack
Jana Jason Joan Jorge Julia Karen Karl Kate Kenji Laura Leah Leo Linda Luis Lydia Marco Maria Mark Martha Maya Mei
Nadia Nina Noah Nora Olga Omar Oscar Paula Pedro Petra Priya Ralph Rita Robert Rosa Ruth Sam Sara Sofia Stefan Susan
Tara Theo Tina Tom Uma Vera Victor Wendy Yara Zoe""".split()
LAST = """Abbott Adams Alvarez Bailey Banerjee Becker Bell Bennett Bianchi Brooks Campos Castro Chandler Cho Clark Cohen
Cruz Dalton Diaz Dixon Dubois Ellis Evans Farmer Fischer Flores Foster Garcia Gibson Gray Greco Hall Hansen Harper
Hayes Hoffman Hughes Ibrahim Ito Jensen Jimenez Kaplan Keller Kim Klein Kowalski Larsen Lee Lopez Lund Marino Mason
Mendez Meyer Mills Morales Murphy Nguyen Nilsen Novotny Olsen Ortega Osei Park Patel Perez Petrov Pierce Porter Quinn
Ramos Reed Reyes Rivera Rossi Russo Santos Schmidt Shah Silva Singh Sokolov Stone Suarez Sullivan Tanaka Torres Turner
Vargas Wagner Walsh Weber West Yilmaz Young Zhang Ziegler""".split()
MAIL = ("lakemail.example", "postbox.example", "inbox.example", "mail.example")
AREA = (312, 773, 708, 847, 630, 219, 262, 414, 815, 574)
CARS = ("2019 Ford Escape", "2020 Honda Civic", "2018 Toyota RAV4", "2021 Subaru Outback", "2017 Mazda 3",
        "2022 Kia Niro", "2016 Volvo V60", "2020 Chevrolet Bolt")
PARTS = (("Roof box", 349.0), ("Winter tyres, set of four", 529.0), ("Floor mats", 79.0), ("Dog guard", 119.0),
         ("Reservation fee", 250.0), ("Bicycle carrier", 189.0), ("Child seat", 159.0), ("First aid kit", 24.5))
SMALL = (("Air freshener", 4.5), ("Ice scraper", 9.9), ("Washer fluid", 7.25), ("Phone holder", 19.0))

rng = random.Random(SEED)


class Person:
    """Somebody, with everything that any system may know of them."""

    everyone = []
    next = None  # whose the next record is

    def __init__(self, first=None, last=None, email=None, state=None):
        number = len(Person.everyone)
        self.first = first or rng.choice(FIRST)
        self.last = last or rng.choice(LAST)
        self.email = email or f"{self.first}.{self.last}{number}@{rng.choice(MAIL)}".lower()
        self.phone = f"({AREA[number % 10]}) 555-01{number // 10 + 1:02d}"
        self.user = f"U-{10000 + number}"
        self.browser = f"{rng.getrandbits(64):016x}"
        self.card = f"LC-{700000 + number}"
        self.state = state or rng.choice(("IL",) * 6 + ("IN", "WI", "IN", "WI", "MI", "IA"))
        self.account = None
        self.alike = False  # no identifier holds their records together
        self.home = None  # where they are found to live by what they say
        self.says_phone = False  # the web site knows the number
        self.says_state = False  # the customer said where they live
        self.bought_state = None  # a list says so
        self.consents = []  # (time, granted) for offers by e-mail
        self.identifiers = []  # one list for each record
        self.sources = set()  # who has told of them
        self.spent = 0  # in cents, at all tills
        Person.everyone.append(self)

    def seen(self, *identifiers):
        """A record with these identifiers will be theirs: the next one that is added."""
        Person.next = self
        self.identifiers.append([i for i in identifiers if i[1]])

    def agrees(self):
        """Whether they may be mailed about offers: the latest word counts, and of two at once the withdrawal."""
        return bool(self.consents) and max(self.consents, key=lambda c: (c[0], not c[1]))[1]

    def lives_in(self):
        return self.state if self.says_state else self.bought_state


def ago(**span):
    return AS_OF - dt.timedelta(**span)


def some_time(first_day, last_day):
    """A moment of so many days ago, by day rather than by night, never in the last twelve hours."""
    day = rng.randint(last_day, first_day)
    return AS_OF - dt.timedelta(days=day, minutes=rng.randint(-420, 240), seconds=rng.randint(0, 59))


def rfc(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


# Records by feed: (time, what is written). Broken ones are added at places in between.
feeds = {feed: [] for feed in SOURCES}
broken = {feed: [] for feed in SOURCES}


def add(feed, time, record, paid=0.0):
    """A record of whoever was last seen, and what they paid with it."""
    feeds[feed].append((time, record))
    if Person.next:
        Person.next.sources.add(SOURCES[feed][0])
        Person.next.spent += round(paid * 100)
    Person.next = None


# ------------------------------------------------------------------------------------------------------- web site

messages = 0


def web(time, kind, browser=None, user=None, **more):
    global messages
    messages += 1
    event = {"type": kind, "messageId": f"web-{messages:06d}", "timestamp": rfc(time)}
    if browser is not None:
        event["anonymousId"] = browser
    if user is not None:
        event["userId"] = user
    event.update(more)
    return event


def browse(person, time, pages, user=None, browser=None):
    browser = browser or person.browser
    for n in range(pages):
        at = time + dt.timedelta(minutes=2 * n)
        person.seen(("anonymous_id", browser), ("user_id", user))
        if n % 2:
            car = rng.choice(CARS)
            record = web(at, "track", browser, user, event="Product Viewed", properties={
                "product_id": car.lower().replace(" ", "-"), "name": car, "price": rng.randint(80, 320) * 100})
        else:
            path = rng.choice(("/", "/cars", "/cars/suv", "/trade-in", "/service", "/contact"))
            record = web(at, "page", browser, user, name="Page", properties={"path": path})
        add("web", at, record)


def register(person, time, offers, browser=None, shared_mailbox=False, address=None):
    traits = {"email": person.email, "first_name": person.first, "last_name": person.last, **(address or {})}
    identifiers = [("user_id", person.user)]
    # A shared browser or mailbox gives way to the user id, so that it holds nobody together.
    if browser is None:
        identifiers.append(("anonymous_id", person.browser))
    if not shared_mailbox:
        identifiers.append(("email", person.email))
    if person.says_phone:
        traits["phone"] = person.phone
        identifiers.append(("phone", person.phone))
    if person.says_state:
        traits["state"] = person.state
    if person.account and person.role:
        traits["account_role"] = person.role
    if offers is not None:
        traits["consents"] = [{"channel": "email", "topic": "offers", "status": "granted" if offers else "withdrawn",
                               "evidence": "registration form"}]
        person.consents.append((time, offers))
    person.seen(*identifiers)
    add("web", time, web(time, "identify", browser or person.browser, person.user, traits=traits))
    if person.account:
        at = time + dt.timedelta(minutes=1)
        person.seen(("user_id", person.user), ("anonymous_id", person.browser if browser is None else None))
        add("web", at, web(at, "group", browser or person.browser, person.user, groupId=person.account))


registered = [Person() for _ in range(REGISTERED)]
for index, person in enumerate(registered):
    person.says_phone = index % 10 < 6
    person.says_state = index % 5 != 4
carts = iter(registered)  # the first of them leave a cart behind; their consents are set for the story
cart_people = {kind: [next(carts) for _ in range(count)] for kind, count in CARTS.items()}
wants = {}
for kind, people in cart_people.items():
    for person in people:
        wants[person] = kind != "without_consent"
for person in cart_people["bought_by_phone"]:
    person.says_phone = True

ann = Person("Ann", "Carter", "ann.carter@lakemail.example", "IL")
ben = Person("Ben", "Carter", "ben.carter@postbox.example", "IL")
ann.says_phone = True
ann.account = ben.account = "HM-1001"
ann.role, ben.role = "owner", None
pairs = [(ann, ben)]
for number in range(COUPLES):
    one = Person(state="IL")
    other = Person(first=rng.choice(FIRST), last=one.last, state="IL")
    one.account = other.account = f"HM-{1002 + number}"
    one.role, other.role = "owner", None
    pairs.append((one, other))
for pair in pairs:
    for person in pair:
        person.says_state = True
        wants[person] = True

for person in registered + [p for pair in pairs for p in pair]:
    first = some_time(60, 4)
    browse(person, first, rng.randint(1, 4))
    register(person, first + dt.timedelta(minutes=12), wants.get(person, rng.choice((True, True, None, False))))
    if rng.random() < 0.5:
        browse(person, first + dt.timedelta(days=1, minutes=rng.randint(0, 60)), 2, person.user)

visitors = [Person() for _ in range(VISITORS)]
for index, person in enumerate(visitors):
    browse(person, some_time(30, 1), rng.randint(1, 4))
    if index < 5:  # a form was sent off with what people type to get past it
        at = ago(days=9, minutes=index)
        person.seen(("anonymous_id", person.browser))
        junk = [("null", {}), (None, {"email": "test@test.com"}), ("undefined", {}), (None, {"email": "test@test.com"}),
                ("-1", {"first_name": "x"})][index]
        add("web", at, web(at, "identify", person.browser, junk[0], traits=junk[1]))

# Two customers, one tablet in the showroom: whoever logs in there is not the one before.
tablet = "showroom-tablet-7"
kiosk = [Person(state="IL"), Person(state="WI")]
at = ago(days=6, hours=2)
for index, person in enumerate(kiosk):
    person.says_state = True
    if index == 0:
        add("web", at, web(at, "page", tablet, None, name="Page", properties={"path": "/cars"}))
    at += dt.timedelta(minutes=4)
    register(person, at, index == 0, browser=tablet)
    at += dt.timedelta(minutes=5)
    person.seen(("user_id", person.user))
    add("web", at, web(at, "track", tablet, person.user, event="Product Viewed", properties={
        "product_id": "2021-subaru-outback", "name": "2021 Subaru Outback", "price": 21900}))
    at += dt.timedelta(hours=1)

# A father and a daughter with one mailbox and two registrations: two people, and one household.
family = [Person("Peter", "Novak", "family.novak@inbox.example", "IL"),
          Person("Mia", "Novak", "family.novak@inbox.example", "IL")]
for index, person in enumerate(family):
    person.says_state = True
    person.home = "Novak"
    time = ago(days=20 - index, hours=3)
    browse(person, time, 2)
    register(person, time + dt.timedelta(minutes=9), True, shared_mailbox=index > 0)

# Orders on the web, before all of the carts.
web_orders = 0
for person in rng.sample(registered[24:], 30):
    web_orders += 1
    time = some_time(3, 1)
    person.seen(("user_id", person.user), ("anonymous_id", person.browser))
    name, price = rng.choice(PARTS)
    add("web", time, web(time, "track", person.browser, person.user, event="Order Completed", properties={
        "order_id": f"W-{5000 + web_orders}", "revenue": price, "currency": "USD", "products": [{"name": name, "price": price}]}),
        price)


def money(value):
    return int(value) if value == int(value) else round(value, 2)


def fill_cart(person, time, number, small):
    """One cart, updated once or twice."""
    choice = SMALL if small else PARTS[:6]
    lines = []
    for n in range(rng.randint(1, 2)):
        name, price = rng.choice(choice)
        lines.append({"name": name, "price": money(price), "quantity": 1})
        at = time + dt.timedelta(minutes=3 * n)
        person.seen(("user_id", person.user), ("anonymous_id", person.browser))
        value = sum(line["price"] for line in lines)
        add("web", at, web(at, "track", person.browser, person.user, event="Cart Updated", properties={
            "cart_id": f"C-{9000 + number}", "value": money(value), "currency": "USD", "products": list(lines)}))
    return sum(line["price"] for line in lines)


bought_by_phone = []
number = 0
for kind, people in cart_people.items():
    for person in people:
        number += 1
        minutes = rng.randint(420, 560) if kind == "too_old" else rng.randint(60, 290)
        time = ago(minutes=minutes)
        value = fill_cart(person, time, number, kind == "too_small")
        if kind == "bought_on_web":
            at = time + dt.timedelta(minutes=rng.randint(8, 25))
            person.seen(("user_id", person.user))
            add("web", at, web(at, "track", person.browser, person.user, event="Order Completed", properties={
                "order_id": f"W-{6000 + number}", "revenue": money(value), "currency": "USD"}), money(value))
        elif kind == "bought_by_phone":
            bought_by_phone.append((person, time + dt.timedelta(minutes=rng.randint(10, 40)), value))

broken["web"] = [
    web(ago(days=2), "track", None, None, event="Product Viewed", properties={"product_id": "x"}),
    web(ago(days=2, hours=1), "track", "broken-1", None, event="Cart Updated",
        properties={"cart_id": "C-1", "value": "a lot"}),
    web(ago(days=3), "track", "broken-2", None, event="Order Completed",
        properties={"order_id": "W-1", "revenue": 9999999, "currency": "USD"}),
    web(ago(days=4), "identify", "broken-3", None, traits={"email": "not an address"}),
]

# ---------------------------------------------------------------------------------------------------- bought lists

listed = [Person() for _ in range(ON_A_LIST)]


def autofans(number, person, email=None, state=None, collected=None):
    return [f"AF-{number:05d}", email or person.email, person.phone, person.first, person.last,
            state or person.state, f"6{rng.randint(0, 9999):04d}", str(rng.randint(2004, 2022)),
            some_time(3000, 200).strftime("%m/%d/%Y"), collected or some_time(400, 120).strftime("%Y-%m-%d")]


overlap = registered[40:90]
list_number = 0
for index, person in enumerate(listed[: ON_A_LIST // 2] + overlap):
    list_number += 1
    # The magazine still has the old address of some; what they told us themselves stands.
    moved = index % 5 == 0 and person in overlap
    state = "MI" if moved else person.state
    person.bought_state = state
    known_phone = person not in overlap or person.says_phone
    row = autofans(list_number, person, state=state)
    if not known_phone:
        row[2] = ""
    person.seen(("email", person.email), ("phone", person.phone if known_phone else None))
    add("list-autofans", list_number, row)
nobody = [types.SimpleNamespace(first="Nobody", last=f"Atall{n}", state="IL", email=f"nobody{n}@mail.example",
                                phone=f"(312) 555-019{n}") for n in range(2)]
broken["list-autofans"] = [
    autofans(90001, nobody[0], email="nobody.at.mail.example"),
    autofans(90002, nobody[1])[:7] + ["nineteen ninety", "01/05/2015", "2025-09-01"],
    autofans(90003, nobody[0], collected="2025-13-45"),
]

for person in listed[ON_A_LIST // 2 :] + [p for p in registered[90:130] if p.says_phone][:20]:
    own = person in registered
    moved = some_time(200, 90).strftime("%Y%m%d")
    state = "IA" if own and rng.random() < 0.3 else person.state
    person.bought_state = state
    email = "" if own else person.email
    person.seen(("phone", person.phone), ("email", email))
    add("list-newmovers", moved, [moved, person.first, person.last, person.phone, email,
                                  f"{rng.randint(10, 990)} Harbor Street", f"6{rng.randint(0, 9999):04d}", state])
broken["list-newmovers"] = [
    ["20251101", "Nobody", "Atall", "", "", "1 Harbor Street", "60601", "IL"],
    ["20261345", "Nobody", "Atall", "(312) 555-0192", "", "1 Harbor Street", "60601", "IL"],
]

# -------------------------------------------------------------------------------------------------------- showroom

walk_ins = [Person() for _ in range(WALK_INS)]
for index, person in enumerate(walk_ins + registered[130:140]):
    time = some_time(25, 2)
    customer = {"first_name": person.first, "last_name": person.last, "email": person.email, "state": person.state}
    if person in walk_ins or person.says_phone:
        customer["phone"] = person.phone
    person.says_state = True
    person.seen(("email", person.email), ("phone", customer.get("phone")))
    card = {"card": f"W-{400 + index}", "at": int(time.timestamp() * 1000), "customer": customer,
            "interests": json.dumps(rng.sample(["suv", "electric", "estate", "trade-in", "service"], 2)),
            "wants_a_call": rng.choice(["yes", "no"]), "budget": rng.randint(80, 300) * 100}
    if index % 3 == 0:
        card["appointment"] = (time + dt.timedelta(days=7)).strftime("%Y-%m-%d 10:30")
    add("showroom", time, card)
stamp = int(ago(days=3).timestamp() * 1000)
broken["showroom"] = [
    {"card": "W-901", "at": stamp, "customer": {"email": "nobody3@mail.example"}},
    {"card": "W-902", "at": stamp, "customer": {"first_name": "Nobody", "email": "nobody4@mail.example"},
     "appointment": "next Tuesday"},
    '{"card": "W-903", "at": 17725',
]

# ------------------------------------------------------------------------------------------------------------ till

card_holders = [Person() for _ in range(CARD_HOLDERS)]
coffees = 0
for index, person in enumerate(card_holders + registered[100:120]):
    tier = rng.choice("BBBSSG")
    with_mail = person in registered or index % 3 == 0
    for visit in range(rng.randint(1, 3)):
        time = some_time(40, 1).astimezone(CHICAGO)
        article, price = rng.choice((("Ölwechsel", "89,90"), ("Kaffee", "3,20"), ("Wagenwäsche", "14,50"),
                                     ("Räderwechsel", "1.049,00")))
        email = person.email if with_mail and visit == 0 else ""
        person.seen(("loyalty_id", person.card), ("email", email))
        row = [time.strftime("%d.%m.%Y %H:%M"), person.card, email, person.last, tier, price, "USD", article]
        paid = float(price.replace(".", "").replace(",", "."))
        add("till", time, row, paid)
        if article == "Kaffee" and coffees < 2:
            coffees += 1  # two coffees in one minute are two purchases
            person.seen(("loyalty_id", person.card))
            add("till", time, list(row), paid)
assert coffees == 2
broken["till"] = [
    ["12.02.2026 10:15", "LC-990001", "", "Nobody", "B", "12,00", "CHF", "Kaffee"],
    ["12.02.2026 10:16", "LC-990002", "", "Nobody", "B", "zwölf", "USD", "Kaffee"],
    ["12.02.2026 10:17", "", "", "Nobody", "B", "3,20", "USD", "Kaffee"],
    ["32.02.2026 10:18", "LC-990004", "", "Nobody", "B", "3,20", "USD", "Kaffee"],
]

# -------------------------------------------------------------------------------------------------- e-mail platform

activity = 0


def mail_activity(person, time, kind, opt=None):
    global activity
    activity += 1
    person.seen(("email", person.email))
    record = {"id": f"EP-{activity:05d}", "ts": rfc(time), "recipient": person.email, "type": kind, "campaign": "winter-check"}
    if opt:
        record["opt"] = opt
    add("email-platform", time, record)


for person in registered[24:84]:
    time = ago(days=3, hours=rng.randint(1, 5), minutes=rng.randint(0, 59))
    mail_activity(person, time, "sent")
    if rng.random() < 0.5:
        mail_activity(person, time + dt.timedelta(minutes=30), "open")
    if rng.random() < 0.2:
        mail_activity(person, time + dt.timedelta(minutes=31), "click")
for person in registered[24:34] + cart_people["unsubscribed"]:
    time = ago(days=2, hours=rng.randint(1, 5))
    mail_activity(person, time, "unsubscribe", "out")
    person.consents.append((time, False))
broken["email-platform"] = [
    {"id": "EP-90001", "ts": rfc(ago(days=2)), "recipient": "nobody5@mail.example", "type": "teleported"},
    {"id": "EP-90002", "ts": rfc(ago(days=2)), "type": "open", "campaign": "winter-check"},
]

# ----------------------------------------------------------------------------------------------------- SMS gateway

texters = [p for p in registered if p.says_phone][30:48]
for index, person in enumerate(texters):
    time = some_time(20, 1)
    keyword, body = (("JOIN", "JOIN"), ("STOP", "Stop please"), ("", "What time do you open, and is the Volvo there?"))[index % 3]
    person.seen(("phone", person.phone))
    add("sms-gateway", time, [f"SM{index:06d}", str(int(time.timestamp())), person.phone, keyword, body])
broken["sms-gateway"] = [
    ["SM900001", str(int(ago(days=1).timestamp())), "12", "JOIN", "join"],
    ["SM900002", "yesterday", "(312) 555-0195", "", "hello"],
]

# ----------------------------------------------------------------------------------------------------- call centre

calls = 0


def call(person, time, disposition, phone=True, email=False, account=None, consent="", number=None, callback=""):
    global calls
    calls += 1
    person.seen(("phone", person.phone if phone and number is None else None), ("email", person.email if email else None))
    local = time.astimezone(CHICAGO)
    caller = number or (person.phone if phone else "")
    add("call-centre-calls", time, [
        local.strftime("%m/%d/%Y %I:%M %p"), rng.choice(("Maria", "Tom", "Priya")), str(70000 + calls), caller,
        person.email if email else "", account or "", person.first, person.last, callback, consent, disposition,
        f"{rng.randint(2, 40) / 2:g}", rng.choice(("", "asked about winter tyres", "wants the blue one"))])


call(ann, ago(days=5, hours=3), "QUOTE", account="HM-1001")
callers = [Person() for _ in range(CALLERS)]
for index, person in enumerate(callers):
    call(person, some_time(40, 2), rng.choice(("QUOTE", "DRIVE", "SERVICE", "COMPLAINT")), email=index % 2 == 0)
# First only a number, then number and address together: two profiles become one.
for person in [p for p in registered[60:110] if not p.says_phone][:12]:
    call(person, ago(days=10, minutes=rng.randint(0, 300)), "QUOTE")
    call(person, ago(days=8, minutes=rng.randint(0, 300)), "DRIVE", email=True)
# Some take their consent back on the telephone; the system knows them by their number.
withdrawing = [p for p in registered[110:150] if p.says_phone][:8]
for index, person in enumerate(withdrawing):
    time = ago(days=3, minutes=60 + 7 * index)
    call(person, time, "SERVICE", email=index % 2 == 0, consent="N")
    person.consents.append((time, False))
for person in registered[34:38]:  # and some give it there
    time = ago(days=1, hours=20, minutes=rng.randint(0, 50))
    call(person, time, "QUOTE", phone=False, email=True, consent="Y")
    person.consents.append((time, True))
# A withheld number is written as zeros and is nobody's.
for person in registered[140:143]:
    call(person, ago(days=2, hours=21), "SERVICE", email=True, number="000-000-0000")


def broken_call(**cells):
    row = dict(zip(CALL_HEADER, ["02/11/2026 10:00 AM", "Tom", "", "(312) 555-0196", "", "", "Nobody", "Atall", "", "",
                                 "QUOTE", "3", ""]))
    row.update(cells)
    return [row[name] for name in CALL_HEADER]


CALL_HEADER = ["Call Date", "Agent", "Call No", "Caller Number", "E-mail", "Account", "First Name", "Last Name",
               "Callback Number", "Offers OK", "Disposition", "Minutes", "Notes"]
broken["call-centre-calls"] = [
    broken_call(**{"Call No": "90001", "Call Date": "13/45/2026 10:00 AM"}),
    broken_call(**{"Call No": "90002", "Disposition": "TELEPATHY"}),
    broken_call(**{"Call No": "90003", "Agent": ""}),
    broken_call(**{"Call No": "90004", "E-mail": "nobody(at)mail.example"}),
]

orders = 0


def order(person, time, total, by, account=None):
    global orders
    orders += 1
    phone = person.phone if "phone" in by else None
    email = person.email if "email" in by else None
    person.seen(("phone", phone), ("email", email))
    add("call-centre-orders", time, order_xml(f"O-{20000 + orders}", rfc(time), phone, email, account, f"{total:.2f}",
                                              rng.choice("CTF")), round(total, 2))


def order_xml(number, placed, phone, email, account, total, code):
    buyer = "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in (("phone", phone), ("email", email)) if value)
    account = f" account={quoteattr(account)}" if account else ""
    total = f"<total>{total}</total>" if total is not None else ""
    return (f'  <order id={quoteattr(number)}>\n    <placed>{placed}</placed>\n    <buyer{account}>{buyer}</buyer>\n'
            f'    {total}<items>{rng.randint(1, 3)}</items><payment code="{code}"/>\n  </order>\n')


accounts = {ann.account} | {pair[0].account for pair in pairs}
for index, person in enumerate(callers[:20]):
    person.account = f"HM-{2001 + index}" if index < 10 else None
    if person.account:
        accounts.add(person.account)
    order(person, some_time(30, 2), rng.choice(PARTS)[1], "phone", person.account)
for index, (person, time, value) in enumerate(bought_by_phone):
    order(person, time, value, ("phone", "email", "phone email")[index % 3])
broken["call-centre-orders"] = [
    order_xml("O-90001", rfc(ago(days=2)), "(312) 555-0197", None, None, "12,95x", "C"),
    order_xml("O-90002", rfc(ago(days=2)), "(312) 555-0198", None, None, None, "C"),
    order_xml("O-90003", rfc(ago(days=2)), "(312) 555-0199", None, None, "50.00", "X"),
]

# --------------------------------------------------------------------------------------------------- two spellings

# No identifier says who these are; what is said of them does. `identity.yaml` asks for it with `matching`.

# She signed a card at the desk, and calls from the office; the agent writes her name without accents. But the number to
# call her back is the one on the card: she is one person, and nobody is asked.
renee = Person("Renée", "Béranger", "renee.beranger@inbox.example", "IL")
renee.alike = renee.says_state = True
at = ago(days=8, hours=5)
renee.seen(("email", renee.email), ("phone", renee.phone))
add("showroom", at, {"card": "W-480", "at": int(at.timestamp() * 1000), "customer": {
    "first_name": renee.first, "last_name": renee.last, "email": renee.email, "state": renee.state,
    "phone": renee.phone}, "interests": '["estate", "service"]', "wants_a_call": "no", "budget": 24000})
mobile, renee.phone = renee.phone, "(312) 555-0191"
renee.first, renee.last = "Renee", "Beranger"
call(renee, ago(days=6, hours=1), "SERVICE", callback=mobile)

# The broker has the one by her own number, the web site the other by a mailbox. One surname in one street, and one
# forename may be short for the other: one person, or mother and daughter? Somebody has to ask.
margaret = Person("Margaret", "Whitfield", state="IL")
margaret.bought_state = "IL"
margaret.seen(("phone", margaret.phone))
moved = ago(days=120).astimezone(CHICAGO).strftime("%Y%m%d")
add("list-newmovers", moved, [moved, margaret.first, margaret.last, margaret.phone, "", "418 Harbor Street", "60614", "IL"])
maggie = Person("Maggie", "Whitfield", "maggie.whitfield@lakemail.example", "IL")
maggie.says_state = True
margaret.home = maggie.home = "Whitfield"
at = ago(days=12, hours=2)
browse(maggie, at, 2)
register(maggie, at + dt.timedelta(minutes=7), True, address={"street": "418 Harbor St.", "postal_code": "60614"})

# -------------------------------------------------------------------------------------------------------- together


def together(feed):
    """The records by time, with copies of some and the broken ones in between."""
    records = [record for _, record in sorted(feeds[feed], key=lambda pair: pair[0])]
    good = len(records)
    # A copy shifts what stands behind it, so that a later one may copy a copy: then they are three, and two are copies.
    for copy in rng.sample(range(good), COPIES[feed]):
        records.insert(rng.randint(copy + 1, len(records)), records[copy])
    assert len(broken[feed]) == BROKEN[feed], feed
    for record in broken[feed]:
        records.insert(rng.randint(1, len(records) - 1), record)
    return records


def csv_text(header, rows, delimiter=","):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows(([header] if header else []) + rows)
    return out.getvalue()


def json_lines(records):
    return "".join((r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)) + "\n" for r in records)


def check_people():
    """The identifiers of each person hold together, and no two people share one."""
    owner = {}
    for person in Person.everyone:
        groups = []
        for identifiers in person.identifiers:
            mine = set(identifiers)
            assert mine, person.email
            for identifier in mine:
                assert owner.setdefault(identifier, person) is person, identifier
            rest = [g for g in groups if not g & mine]
            for group in groups:
                if group & mine:
                    mine |= group
            groups = rest + [mine]
        assert len(groups) == (2 if person.alike else 1), (person.email, groups)


def broadcast():
    """How many may get the trade-in offer, and how many do when each household and each address gets one."""
    eligible = [p for p in Person.everyone if p.agrees() and p.lives_in() in REGION]
    households = {}
    for person in eligible:
        households.setdefault(person.account or person.home or person, []).append(person)
    one_each = [people[0] for people in households.values()]
    recipients = len({person.email for person in one_each})
    return {"eligible": len(eligible), "same_household": len(eligible) - len(one_each),
            "same_address": len(one_each) - recipients, "recipients": recipients}


def overlap():
    """Who is known to which sources, in which combinations: people, and what they have bought."""
    found = {}
    for person in Person.everyone:
        people, spent = found.get(tuple(sorted(person.sources)), (0, 0))
        found[tuple(sorted(person.sources))] = (people + 1, spent + person.spent)
    return [{"sources": list(sources), "people": people, "revenue": spent / 100}
            for sources, (people, spent) in sorted(found.items())]


def stock():
    """The cars in stock, as the stock system lists them."""
    prices = (14900, 16250, 21400, 23900, 9800, 19950.5, 8700, 15300)
    return [[car.lower().replace(" ", "-"), car, f"{price:,}", "N" if index == 4 else "Y", rfc(ago(days=index + 1))]
            for index, (car, price) in enumerate(zip(CARS, prices))]


def main():
    check_people()
    records = {feed: together(feed) for feed in feeds}
    header = ["List ID", "Email", "Phone", "First", "Last", "State", "ZIP", "Car Year", "Reader Since", "Collected"]
    texts = {
        "list-autofans": csv_text(header, records["list-autofans"]),
        "list-newmovers": csv_text(None, records["list-newmovers"], "|"),
        "web": json_lines(records["web"]),
        "showroom": json_lines(records["showroom"]),
        "till": csv_text(["Datum", "Karte", "E-Mail", "Name", "Stufe", "Betrag", "Währung", "Artikel"],
                         records["till"], ";"),
        "email-platform": json_lines(records["email-platform"]),
        "sms-gateway": csv_text(["sid", "received", "from", "keyword", "body"], records["sms-gateway"]),
        "call-centre-calls": csv_text(CALL_HEADER, records["call-centre-calls"]),
        "call-centre-orders": '<?xml version="1.0" encoding="UTF-8"?>\n<orders>\n'
        + "".join(records["call-centre-orders"]) + "</orders>\n",
    }
    expected = {"as_of": rfc(AS_OF), "feeds": [], "people": 0}
    for feed, (source, name, file) in SOURCES.items():
        encoding = "windows-1252" if feed == "till" else "utf-8"
        (HERE / file).write_bytes(texts[feed].encode(encoding))
        total = len(records[feed])
        expected["feeds"].append({"source": source, "feed": name, "file": file, "records": total,
                                  "broken": BROKEN[feed], "duplicates": COPIES[feed],
                                  "accepted": total - BROKEN[feed] - COPIES[feed]})
    cars = stock()
    file = "inventory-cars.csv"
    (HERE / file).write_text(csv_text(["Stock No", "Model", "Price", "Available", "Updated"], cars), newline="")
    expected["feeds"].insert(0, {"source": "inventory", "feed": "cars", "file": file, "records": len(cars), "broken": 0,
                                 "duplicates": 0, "accepted": len(cars)})
    expected["items"] = len(cars)
    for word in ("records", "broken", "duplicates", "accepted"):
        expected[word] = sum(feed[word] for feed in expected["feeds"])
    # Items are no events.
    expected["accepted"] -= expected["items"]
    expected["people"] = len(Person.everyone)
    expected["unnamed_visitors"] = len(visitors)
    homes = {person.home for person in Person.everyone if person.home}
    expected["households"] = {"with_an_account": len(accounts), "of_two_or_more": len(pairs) + len(homes)}
    expected["two_spellings"] = {"one": [f"email={renee.email}", f"phone={renee.phone}"],
                                 "asked": [f"phone={margaret.phone}", f"email={maggie.email}"]}
    expected["couple"] = {"account": ann.account, "emails": [ann.email, ben.email], "gets_the_mailing": ann.email}
    expected["shared_mailbox"] = family[0].email
    expected["broadcast"] = broadcast()
    expected["overlap"] = overlap()
    expected["carts"] = {
        "left_behind": sum(CARTS.values()),
        "triggered": sum(CARTS.values()) - CARTS["too_small"],
        "expired": CARTS["too_old"],
        "cancelled": CARTS["bought_on_web"] + CARTS["bought_by_phone"],
        "cancelled_by_phone_order": CARTS["bought_by_phone"],
        "suppressed": CARTS["without_consent"] + CARTS["unsubscribed"],
        "reminded": CARTS["reminded"],
    }
    (HERE / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


main()
