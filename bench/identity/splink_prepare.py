"""Cleans the records as somebody does who knows the sources, before Splink sees them.

Splink's documentation asks for that: one spelling for each thing, nothing where nothing is known. All of it is SQL in DuckDB.
"""

# Letters without accents, umlauts as one letter however they were written, nothing but letters, blanks and hyphens.
FOLD = r"""
CREATE OR REPLACE MACRO folded(t) AS
    trim(regexp_replace(strip_accents(replace(replace(lower(t), 'ß', 'ss'), 'ı', 'i')), '[^a-z0-9 -]', ' ', 'g'));
CREATE OR REPLACE MACRO spelled(t, country) AS
    CASE WHEN country = 'DE' THEN regexp_replace(folded(t), '([aou])e', '\1', 'g') ELSE folded(t) END;
CREATE OR REPLACE MACRO untitled(t) AS
    trim(regexp_replace(t, '^((prof|dr|med|herr|frau|mr|mrs|ms|miss)\.? +)+', ''));
CREATE OR REPLACE MACRO named(t, country) AS
    CASE WHEN folded(t) IN ('unknown', 'unbekannt', '') THEN NULL ELSE nullif(untitled(spelled(t, country)), '') END;
CREATE OR REPLACE MACRO digits(t) AS
    regexp_replace(t, '[^0-9]', '', 'g');
-- National digits without the leading 0; nothing if that is no number.
CREATE OR REPLACE MACRO dialled(t) AS
    CASE WHEN length(t) < 6 OR replace(t, t[1], '') = '' OR t = '123456789' THEN NULL ELSE t END;
CREATE OR REPLACE MACRO telephone(t, country) AS
    dialled(regexp_replace(digits(regexp_replace(replace(trim(t), '(0)', ''),
        CASE country WHEN 'DE' THEN '^(\+|00)49' WHEN 'GB' THEN '^(\+|00)44' ELSE '^(\+|00)1' END, '')), '^0+', ''));
CREATE OR REPLACE MACRO day(t, country) AS
    coalesce(try_strptime(t, '%Y-%m-%d'), try_strptime(t, '%d.%m.%Y'),
        CASE WHEN country = 'US' THEN try_strptime(t, '%m/%d/%Y') ELSE try_strptime(t, '%d/%m/%Y') END)::DATE;
CREATE OR REPLACE MACRO road(t) AS
    trim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        t, 'str(asse)?\.?$', 'strasse'), 'pl\.?$', 'platz'), ' (st|st\.)$', ' street'), ' (rd|rd\.)$', ' road'),
        ' (ave|av)$', ' avenue'), ' (dr|dr\.)$', ' drive'), ' (ln|la)$', ' lane'));
"""

# One field for street and number: the number last in Germany, first elsewhere, with or without a flat.
PEOPLE = r"""
CREATE OR REPLACE TABLE people AS
WITH raw AS (
    SELECT *, folded(street) AS whole FROM read_csv($path, header = true, all_varchar = true)
),
parted AS (
    SELECT *,
        CASE
            WHEN coalesce(house_number, '') <> '' THEN whole
            WHEN country = 'DE' THEN regexp_replace(whole, ' *[0-9]+ ?[a-z]?$', '')
            ELSE regexp_replace(regexp_replace(whole, '^(flat [0-9]+ +)?[0-9]+ ?[a-d]? ', ''), ' +apt [0-9]+$', '')
        END AS street_only,
        CASE
            WHEN coalesce(house_number, '') <> '' THEN regexp_extract(lower(house_number), '^[0-9]+')
            WHEN country = 'DE' THEN regexp_extract(whole, '([0-9]+) ?[a-z]?$', 1)
            ELSE regexp_extract(whole, '^(flat [0-9]+ +)?([0-9]+)', 2)
        END AS number_only
    FROM raw
),
clean AS (
    SELECT
        record_id AS unique_id,
        named(first_name, country) AS forenames,
        named(last_name, country) AS last_name,
        CASE lower(gender[1]) WHEN 'f' THEN 'f' WHEN 'w' THEN 'f' WHEN 'm' THEN 'm' END AS gender,
        day(date_of_birth, country) AS born,
        nullif(lower(trim(email)), '') AS mailbox,
        telephone(phone, country) AS phone,
        telephone(landline, country) AS landline,
        nullif(road(CASE WHEN country = 'DE' THEN regexp_replace(street_only, '([aou])e', '\1', 'g') ELSE street_only END), '')
            AS street,
        nullif(number_only, '') AS house_number,
        nullif(replace(upper(postcode), ' ', ''), '') AS postcode,
        nullif(spelled(city, country), '') AS city,
        nullif(loyalty_card, '') AS loyalty_card,
        nullif(account_no, '') AS account_no
    FROM parted
),
-- Values that far too many have only fill a field.
filler_mail AS (SELECT mailbox FROM clean WHERE mailbox IS NOT NULL GROUP BY 1 HAVING count(*) > 40),
filler_day AS (
    SELECT born FROM clean WHERE born IS NOT NULL GROUP BY 1
    HAVING count(*) > 10 AND count(*) > 20 * (SELECT count(*) / count(DISTINCT born) FROM clean WHERE born IS NOT NULL)
    UNION SELECT DATE '1900-01-01'
)
SELECT
    unique_id,
    split_part(forenames, ' ', 1) AS first_name,
    last_name,
    list_filter(regexp_split_to_array(last_name, '[ -]'), lambda part: length(part) > 2) AS last_parts,
    gender,
    CASE WHEN born IN (SELECT born FROM filler_day) THEN NULL ELSE born END AS dob,
    CASE WHEN mailbox IN (SELECT mailbox FROM filler_mail) THEN NULL ELSE mailbox END AS email,
    CASE WHEN phone IS NULL AND landline IS NULL THEN NULL
         ELSE list_distinct(list_filter([phone, landline], lambda number: number IS NOT NULL)) END AS phones,
    phone, landline, street, house_number, postcode, city, loyalty_card, account_no,
    CASE WHEN postcode IS NOT NULL AND street IS NOT NULL AND house_number IS NOT NULL
         THEN concat_ws('|', postcode, street, house_number) END AS address
FROM clean;
"""


def prepare(con, path: str) -> set[str]:
    """Makes the table `people`; says which of its columns have anything in them."""
    for statement in FOLD.split(";\n"):
        if statement.strip():
            con.execute(statement)
    con.execute(PEOPLE, {"path": path})
    columns = [row[0] for row in con.execute("DESCRIBE people").fetchall()]
    counts = con.execute("SELECT " + ", ".join(f'count("{column}")' for column in columns) + " FROM people").fetchall()[0]
    return {column for column, count in zip(columns, counts) if count > 0}
