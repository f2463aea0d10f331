"""Links people with Splink 5 on DuckDB, set up as its documentation recommends and then tuned by hand on this kind of data.

    python splink_link.py people.csv FOLDER

writes FOLDER/clusters-WEIGHT.csv for each threshold, and FOLDER/times.json with the seconds of each stage. It never sees the truth;
whoever reads the files may choose the best threshold by the truth, which favours Splink.
"""

import argparse
import json
import time
from pathlib import Path

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from splink_prepare import prepare

SWAPPED = "first_name_l = last_name_r AND last_name_l = first_name_r"
THRESHOLDS = [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20]


def name_levels() -> list:
    """A forename: exact by how common it is, swapped with the surname, similar, an initial.

    That forenames differ is held against a pair more than training would have it: those who live together share nearly all else, and
    Splink takes what they share to be independent. It does better so.
    """
    return [
        cll.NullLevel("first_name"),
        cll.ExactMatchLevel("first_name", term_frequency_adjustments=True),
        cll.CustomLevel(SWAPPED, "forename and surname swapped"),
        cll.JaroWinklerLevel("first_name", 0.92),
        cll.JaroWinklerLevel("first_name", 0.85),
        cll.CustomLevel(
            "least(length(first_name_l), length(first_name_r)) = 1 AND first_name_l[1] = first_name_r[1]", "initial"
        ),
        cll.JaroWinklerLevel("first_name", 0.7).configure(m_probability=0.004, fix_m_probability=True),
        cll.ElseLevel().configure(m_probability=0.003, fix_m_probability=True),
    ]


def surname_levels() -> list:
    """A surname: exact by how common it is, similar, one part of a double name."""
    return [
        cll.NullLevel("last_name"),
        cll.ExactMatchLevel("last_name", term_frequency_adjustments=True),
        cll.JaroWinklerLevel("last_name", 0.92),
        cll.CustomLevel("list_has_any(last_parts_l, last_parts_r)", "a part of the name"),
        cll.JaroWinklerLevel("last_name", 0.85),
        cll.JaroWinklerLevel("last_name", 0.7),
        cll.ElseLevel(),
    ]


def phone_levels() -> list:
    """Telephones: the first one by how common it is, any of them, the first one mistyped."""
    return [
        cll.NullLevel("phones"),
        cll.ExactMatchLevel("phone", term_frequency_adjustments=True),
        cll.ArrayIntersectLevel("phones", 1),
        cll.DamerauLevenshteinLevel("phone", 1),
        cll.ElseLevel(),
    ]


def address_levels() -> list:
    """One comparison for the whole address: its parts depend on each other, and Splink takes comparisons to be independent."""
    return [
        cll.CustomLevel("postcode_l IS NULL OR postcode_r IS NULL", "null").configure(is_null_level=True),
        cll.ExactMatchLevel("address", term_frequency_adjustments=True),
        cll.CustomLevel(
            "house_number_l = house_number_r AND jaro_winkler_similarity(street_l, street_r) > 0.88"
            " AND (postcode_l = postcode_r OR city_l = city_r)",
            "house in a similar street",
        ),
        cll.CustomLevel(
            "jaro_winkler_similarity(street_l, street_r) > 0.92 AND (postcode_l = postcode_r OR city_l = city_r)", "street"
        ),
        cll.CustomLevel("postcode_l = postcode_r AND (street_l IS NULL OR street_r IS NULL)", "postcode, no street"),
        cll.ExactMatchLevel("postcode"),
        cll.LevenshteinLevel("postcode", 1),
        cll.ExactMatchLevel("city"),
        cll.ElseLevel(),
    ]


# The column that a comparison or rule is about, and the thing itself: without the column, there is nothing to compare.
COMPARISONS = [
    ({"first_name"}, cl.CustomComparison(name_levels(), output_column_name="first_name")),
    ({"last_name"}, cl.CustomComparison(surname_levels(), output_column_name="last_name")),
    ({"dob"}, cl.DateOfBirthComparison("dob", input_is_string=False)),
    ({"email"}, cl.EmailComparison("email")),
    ({"phones"}, cl.CustomComparison(phone_levels(), output_column_name="phones")),
    ({"postcode"}, cl.CustomComparison(address_levels(), output_column_name="address")),
    ({"loyalty_card"}, cl.ExactMatch("loyalty_card")),
    ({"account_no"}, cl.ExactMatch("account_no")),
    ({"gender"}, cl.ExactMatch("gender")),
]

BLOCKING = [
    ({"email"}, block_on("email")),
    ({"phones"}, block_on("phones", arrays_to_explode=["phones"])),
    ({"loyalty_card"}, block_on("loyalty_card")),
    ({"account_no"}, block_on("account_no")),
    ({"dob", "first_name"}, block_on("dob", "substr(first_name, 1, 1)")),
    ({"dob", "last_name"}, block_on("dob", "substr(last_name, 1, 2)")),
    ({"first_name", "last_name"}, block_on("first_name", "last_name")),
    ({"first_name", "last_name"}, "l.first_name = r.last_name AND l.last_name = r.first_name"),
    ({"last_name", "postcode"}, block_on("last_name", "postcode")),
    ({"first_name", "address"}, block_on("first_name", "street", "house_number")),
    ({"address", "last_name"}, block_on("address", "substr(last_name, 1, 1)")),
    ({"first_name", "postcode"}, block_on("first_name", "postcode", "substr(last_name, 1, 2)")),
    ({"last_name", "city"}, block_on("last_name", "city", "substr(first_name, 1, 1)")),
    ({"email"}, block_on("split_part(email, '@', 1)", "substr(last_name, 1, 1)")),
]

# What is trained on pairs that are blocked by a mailbox or an address alone is trained on couples too. These rules leave pairs of
# which most are one person, and each comparison is free in one or more of them. (The one of forenames also looks at surnames.)
TRAINING = [
    ({"email", "dob"}, block_on("email", "dob")),
    ({"dob", "postcode"}, block_on("dob", "postcode")),
    ({"first_name", "last_name", "postcode"}, block_on("first_name", "last_name", "postcode")),
    ({"first_name", "last_name", "dob"}, block_on("first_name", "last_name", "dob")),
]

# For a comparison that is free in none of those that the data allow.
TRAINING_BESIDES = [
    ({"email", "gender"}, block_on("email", "gender")),
    ({"loyalty_card", "gender"}, block_on("loyalty_card", "gender")),
    ({"account_no"}, block_on("account_no")),
    ({"phone"}, block_on("phone")),
]

# Rules of which nearly all pairs are matches, for the prior.
SURE = [
    ({"email", "first_name"}, block_on("email", "first_name")),
    ({"first_name", "last_name", "dob"}, block_on("first_name", "last_name", "dob")),
    ({"first_name", "last_name", "address"}, block_on("first_name", "last_name", "address")),
    ({"first_name", "loyalty_card"}, block_on("first_name", "loyalty_card")),
]


class Stages:
    """The seconds that each stage takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.since = time.monotonic()

    def done(self, stage: str) -> None:
        now = time.monotonic()
        self.seconds[stage] = round(now - self.since, 3)
        self.since = now


def training(filled: set[str]) -> list:
    """The rules to train with, so many that each comparison is free in one."""
    chosen = [(needs, rule) for needs, rule in TRAINING if needs <= filled]
    for needs, _ in COMPARISONS:
        (column,) = needs
        looked_at = {column, "last_name"} if column == "first_name" else {column}
        if column in filled and all(looked_at & fixed for fixed, _ in chosen):
            chosen += [(fixed, rule) for fixed, rule in TRAINING_BESIDES if fixed <= filled and not looked_at & fixed][:1]
    return [rule for _, rule in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description="Link people with Splink 5.")
    parser.add_argument("people")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--memory", help="what DuckDB may take, such as 8GB; the rest goes to the disk")
    parser.add_argument("--u-pairs", type=float, default=1e7, help="pairs for the random sample; more is better and slower")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)

    stages = Stages()
    con = duckdb.connect()
    if options.memory:
        con.execute(f"SET memory_limit = '{options.memory}'")
        con.execute(f"SET temp_directory = '{options.folder / 'spill'}'")
    # A progress bar is of no use in a log.
    con.execute("SET enable_progress_bar = false")
    filled = prepare(con, options.people)
    stages.done("prepare")

    def usable(those: list) -> list:
        return [thing for needs, thing in those if needs <= filled]

    db_api = DuckDBAPI(connection=con)
    people = db_api.register("people")
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=usable(COMPARISONS),
        blocking_rules_to_generate_predictions=usable(BLOCKING),
    )
    linker = Linker(people, settings)
    linker.training.estimate_probability_two_random_records_match(usable(SURE), recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=options.u_pairs, seed=1)
    for rule in training(filled):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, max_pairs=1e7)
    stages.done("train")

    predictions = linker.inference.predict(threshold_match_weight=THRESHOLDS[0])
    stages.done("predict")

    each = []
    for weight in THRESHOLDS:
        since = time.monotonic()
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, threshold_match_weight=weight)
        path = options.folder / f"clusters-{weight}.csv"
        con.execute(
            f"COPY (SELECT unique_id AS record_id, cluster_id FROM {clusters.physical_name}) TO '{path}' (HEADER, DELIMITER ',')"
        )
        each.append(time.monotonic() - since)
    # One threshold is what somebody pays for; the others are for the choice.
    stages.seconds["cluster"] = round(sum(each) / len(each), 3)
    pairs = con.execute(f"SELECT count(*) FROM {predictions.physical_name}").fetchall()[0][0]
    linker.misc.save_model_to_json(str(options.folder / "model.json"), overwrite=True)
    (options.folder / "times.json").write_text(
        json.dumps({"seconds": stages.seconds, "pairs_scored_above_threshold": pairs, "thresholds": THRESHOLDS}, indent=2)
    )


if __name__ == "__main__":
    main()
