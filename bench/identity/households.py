"""Households out of people that were linked, by a plain rule: one surname at one address, or one landline.

Splink links records of one kind of thing and knows no households; who uses it for people writes such a rule beside it. The groups are
put together by Splink's own clustering.

    python households.py people.csv clusters.csv out.csv
"""

import sys

import duckdb
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

from splink_prepare import prepare

# A person's cluster and what they share with those they live with; what more than twelve share is no home.
KEYS = """
CREATE OR REPLACE TABLE shared AS
WITH keys AS (
    SELECT DISTINCT cluster_id, unnest([
        'a:' || address || '|' || last_name,
        'l:' || landline]) AS key
    FROM people JOIN found ON unique_id = record_id
)
SELECT * FROM keys WHERE key IS NOT NULL AND key IN (
    SELECT key FROM keys GROUP BY key HAVING count(*) BETWEEN 2 AND 12)
"""


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit("usage: python households.py people.csv clusters.csv out.csv")
    people, clusters, out = sys.argv[1:]
    con = duckdb.connect()
    prepare(con, people)
    con.execute("CREATE TABLE found AS SELECT * FROM read_csv($path, all_varchar = true)", {"path": clusters})
    con.execute(KEYS)
    con.execute(
        "CREATE TABLE nodes AS SELECT DISTINCT cluster_id AS unique_id FROM found UNION SELECT DISTINCT key FROM shared"
    )
    con.execute("CREATE TABLE edges AS SELECT cluster_id AS unique_id_l, key AS unique_id_r FROM shared")
    db_api = DuckDBAPI(connection=con)
    homes = cluster_pairwise_predictions_at_threshold(
        "nodes", "edges", db_api, node_id_column_name="unique_id"
    )
    con.execute(
        f"COPY (SELECT record_id, found.cluster_id, homes.cluster_id AS household_cluster_id FROM found"
        f" JOIN {homes.physical_name} AS homes ON homes.unique_id = found.cluster_id) TO '{out}' (HEADER, DELIMITER ',')"
    )


if __name__ == "__main__":
    main()
