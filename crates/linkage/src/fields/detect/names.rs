//! What columns are called, in English, German, French, Spanish, Dutch and Italian.

use super::FieldKind;

/// What a column's name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is about this.
    Kind(FieldKind),
    /// A name: which, the values must say.
    Name,
    /// A title or form of address: Mr, Dr.
    Title,
    /// It is about something that does not tell people apart.
    Nothing,
    /// It says nothing.
    Unknown,
}

/// The verdict on a name, folded and parted into words.
///
/// The longest run of words that is known decides, and of several the last: `customer_first_name` is a `first name`,
/// `addr_street1` a `street`, and `address_city` a `city`.
pub(super) fn verdict(name: &str) -> Verdict {
    let all: Vec<&str> =
        name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).take(8).collect();
    let number = all.iter().rev().find_map(|word| word.parse::<u32>().ok());
    let words: Vec<&str> = all.into_iter().filter(|word| !word.bytes().all(|c| c.is_ascii_digit())).collect();
    let bare: Vec<&str> = words.iter().copied().filter(|word| !WHOSE.contains(word)).collect();
    let whole = words.concat();
    if words.is_empty() {
        return Verdict::Unknown;
    }
    if OWN.contains(&whole.as_str()) || words.iter().any(|word| APART.contains(word)) {
        return Verdict::Nothing;
    }
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let born = has(&["birth", "geburt", "naissance", "nascita", "nacimiento", "geboorte"]);
    if born
        && has(&[
            "place", "city", "town", "country", "ort", "land", "lieu", "ville", "pays", "lugar", "luogo",
            "month", "day", "state",
        ])
    {
        return Verdict::Nothing;
    }
    match bare[..] {
        ["first"] | ["given"] => return Verdict::Kind(FieldKind::Forename),
        ["last"] | ["family"] => return Verdict::Kind(FieldKind::Surname),
        _ => {}
    }
    for length in (1..=words.len()).rev() {
        for from in (0..=words.len() - length).rev() {
            let run = words[from..from + length].concat();
            if let Some(verdict) = known(&run) {
                return line(verdict, number);
            }
        }
    }
    // The number of something that is a person's own: member_no, crm id, kunden nr.
    if has(OWNED)
        && has(&["id", "no", "nr", "num", "number", "nummer", "numero", "code", "nbr", "ref", "key"])
    {
        return Verdict::Kind(FieldKind::Identifier);
    }
    match CONTAINED.iter().find(|(part, _)| whole.contains(part)) {
        Some((_, kind)) => line(Verdict::Kind(*kind), number),
        None => Verdict::Unknown,
    }
}

/// Whether a name, folded and parted into words, may be that of a row's own number: `row`, `contact_id`, `lfd. Nr.`. What numbers people or
/// groups of rows does not.
pub(super) fn may_number_rows(name: &str) -> bool {
    const NUMBERS: &[&str] = &[
        "id",
        "no",
        "nr",
        "num",
        "number",
        "nummer",
        "row",
        "zeile",
        "line",
        "rec",
        "record",
        "datensatz",
        "index",
        "idx",
        "key",
        "pk",
        "ref",
        "uuid",
        "guid",
        "lfdnr",
        "rowid",
        "recid",
        "rownum",
    ];
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let apart = |word: &str| APART.contains(&word) || matches!(word, "person" | "entity");
    !words.clone().any(apart) && words.next_back().is_some_and(|last| NUMBERS.contains(&last))
}

/// Whether a name, folded and parted into words, is of when a record was true; the rank of the name.
pub(super) fn says_when(name: &str) -> Option<usize> {
    let words = || name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let whole: String = words().collect();
    let bare: String = words().filter(|word| !WHOSE.contains(word) && *word != "record").collect();
    WHEN.iter().position(|names| names.contains(&whole.as_str()) || names.contains(&bare.as_str()))
}

/// Names of columns that say when a record was true, the surest first.
#[rustfmt::skip]
const WHEN: [&[&str]; 4] = [
    &["asof", "asofdate", "lastseen", "lastseenat", "lastseendate", "lastverified", "lastverifiedat", "lastconfirmed", "stand", "gueltigab", "validfrom"],
    &[
        "updated", "updatedat", "updatedon", "updatedate", "updateddate", "updatetime", "updatedtime", "dateupdated", "lastupdate", "lastupdated", "lastupdatedat",
        "lastupdatedate", "lastupdateddate", "modified", "modifiedat", "modifiedon", "modifieddate", "datemodified", "lastmodified", "lastmodifiedat", "lastmodifiedon",
        "lastmodifieddate", "changed", "changedat", "changedon", "changedate", "changeddate", "datechanged", "lastchange", "lastchanged", "lastchangedat", "mtime",
        "aktualisiert", "aktualisiertam", "letzteaktualisierung", "geaendert", "geaendertam", "aenderungsdatum", "letzteaenderung", "letzteaenderungam",
        "zuletztgeaendert", "zuletztgeaendertam", "modifiele", "misajour", "misajourle", "datemodification", "datedemodification", "datemiseajour", "maj", "actualizado",
        "actualizadoen", "fechamodificacion", "fechaactualizacion", "ultimamodifica", "datamodifica", "aggiornatoil", "bijgewerkt", "bijgewerktop", "gewijzigd",
        "gewijzigdop",
    ],
    &["date", "datetime", "timestamp", "ts", "datum", "zeitstempel", "fecha", "data", "moment", "recorded", "recordedat", "noted", "notedat"],
    &[
        "created", "createdat", "createdon", "createdate", "createddate", "creationdate", "datecreated", "createtime", "ctime", "added", "addedat", "addedon", "dateadded",
        "signup", "signupdate", "signedupat", "registered", "registeredat", "registrationdate", "angelegt", "angelegtam", "erstellt", "erstelltam", "anlagedatum",
        "erfasst", "erfasstam", "creele", "datecreation", "datedecreation", "creado", "creadoen", "fechacreacion", "fechaalta", "creatoil", "datacreazione",
        "aangemaakt", "aangemaaktop",
    ],
];

/// The second line of an address is not its street.
fn line(verdict: Verdict, number: Option<u32>) -> Verdict {
    match (verdict, number) {
        (Verdict::Kind(FieldKind::Street), Some(2)) => Verdict::Kind(FieldKind::Unit),
        (Verdict::Kind(FieldKind::Street), Some(3..=9)) => Verdict::Nothing,
        _ => verdict,
    }
}

/// Names of a row's own number, as a whole: the same for no two rows, whoever they are of.
#[rustfmt::skip]
const OWN: &[&str] = &[
    "id", "recordid", "recid", "rowid", "row", "rownum", "rownumber", "rownr", "rec", "record", "recordno", "recordnumber", "recno", "index", "idx",
    "uuid", "guid", "pk", "key", "uid", "oid", "nr", "no", "number", "num", "lfdnr", "laufnummer", "zeile", "datensatz", "datensatzid", "line", "lineno",
    "sourceid", "systemid", "unnamed", "personid", "entityid", "username", "accountname", "login", "ncid", "externalid", "hash", "tid", "sid",
    "middlename", "middle", "middleinitial", "secondname", "zweitername", "deuxiemeprenom", "secondonome", "mname", "initials", "suffix",
];

/// Words whose columns are about something else, whatever else stands in their name.
#[rustfmt::skip]
const APART: &[&str] = &[
    "source", "quelle", "origin", "herkunft", "brand", "marke", "channel", "kanal", "created", "updated", "modified", "changed", "deleted", "imported",
    "timestamp", "ts", "time", "datetime", "erstellt", "angelegt", "geaendert", "amount", "betrag", "price", "preis", "revenue", "umsatz", "total",
    "balance", "saldo", "salary", "income", "count", "anzahl", "score", "status", "type", "typ", "art", "flag", "consent", "opt", "optin", "optout",
    "newsletter", "verified", "valid", "note", "notes", "comment", "comments", "remark", "remarks", "bemerkung", "notiz", "description", "text",
    "cluster", "clusterid", "blocking", "block", "truth", "label", "match", "group", "household", "lat", "lon", "lng", "latitude", "longitude",
    "geo", "age", "alter", "edad", "eta", "leeftijd", "lang", "language", "sprache", "langue", "locale", "currency", "waehrung", "segment",
    "login", "visit", "visits", "purchase", "purchases", "order", "orders", "bestellung", "seen", "active", "signup", "registered", "registration", "since", "seit",
    "product", "company", "firma", "organisation", "organization", "employer", "arbeitgeber", "campaign", "kampagne", "file", "datei", "shop", "store",
    "filiale", "event", "category", "kategorie", "tag", "tags", "points", "punkte", "tier", "level", "url", "website", "web", "ip", "password",
    "passwort", "mother", "mothers", "father", "fathers", "mutter", "vater", "parent", "spouse", "partner", "emergency", "referrer", "agent", "occupation",
    "beruf", "job", "profession", "department", "nationality", "nationalitaet", "religion", "marital", "familienstand", "quantity", "menge", "weight",
    "gewicht", "system", "version", "batch", "deceased", "verstorben", "preference", "timezone",
];

/// Words that say whose or which, and nothing of what.
#[rustfmt::skip]
const WHOSE: &[&str] = &[
    "customer", "cust", "client", "kunde", "kunden", "contact", "kontakt", "person", "personal", "member", "user", "guest", "patient", "voter",
    "billing", "shipping", "bill", "ship", "delivery", "home", "work", "private", "privat", "primary", "main", "current", "legal", "field", "col",
    "column", "attr", "raw", "name",
];

/// What a person has that bears a number.
#[rustfmt::skip]
const OWNED: &[&str] = &[
    "customer", "cust", "client", "kunde", "kunden", "klant", "cliente", "member", "mitglied", "mitglieds", "loyalty", "card", "karte", "karten",
    "account", "acct", "konto", "policy", "police", "contract", "vertrag", "vertrags", "passport", "pass", "device", "cookie", "tax", "steuer",
    "national", "social", "soc", "insurance", "versicherung", "versicherungs", "ausweis", "license", "licence", "driver", "drivers", "user", "crm", "patient",
    "health", "medicare", "student", "employee", "subscriber", "voter", "government", "fiscal", "identity", "iban", "bank",
];

fn known(run: &str) -> Option<Verdict> {
    use FieldKind::{
        BirthDate, City, Country, Email, Forename, FullName, Gender, HouseNumber, Identifier, MaidenName,
        Phone, Postcode, Region, Street, Surname, Unit,
    };
    let kind = match run {
        "name" | "namen" | "naam" => return Some(Verdict::Name),
        "title" | "titel" | "titre" | "titolo" | "titulo" | "prefix" | "nameprefix" => {
            return Some(Verdict::Title);
        }
        "firstname" | "fname" | "forename" | "forenames" | "givenname" | "givennames" | "given"
        | "vorname" | "vornamen" | "rufname" | "prenom" | "prenoms" | "nombre" | "nombres"
        | "nombredepila" | "nome" | "voornaam" | "voornamen" | "roepnaam" | "namefirst" | "christianname"
        | "firstnm" | "vname" | "gname" => Forename,
        "lastname" | "lname" | "surname" | "surnames" | "familyname" | "nachname" | "familienname"
        | "zuname" | "sname" | "nom" | "nomfamille" | "nomdefamille" | "apellido" | "apellidos"
        | "primerapellido" | "segundoapellido" | "cognome" | "achternaam" | "familienaam" | "namelast"
        | "lastnm" | "nname" | "secondlastname" => Surname,
        "maidenname" | "maiden" | "geburtsname" | "geborene" | "maedchenname" | "madchenname"
        | "birthname" | "formername" | "previousname" | "formersurname" | "previoussurname"
        | "formerlastname" | "previouslastname" | "nomdenaissance" | "nomnaissance" | "nomdejeunefille"
        | "nomjeunefille" | "geboortenaam" | "meisjesnaam" | "cognomedanubile" | "cognomenubile"
        | "apellidodesoltera" | "surnameatbirth" | "lastnameatbirth" | "othername" => MaidenName,
        "fullname" | "customername" | "contactname" | "vollername" | "vollstaendigername" | "kundenname"
        | "nomcomplet" | "nometprenom" | "nomprenom" | "prenomnom" | "nombrecompleto"
        | "nombreyapellidos" | "nomecompleto" | "nomecognome" | "cognomenome" | "nomeecognome"
        | "volledigenaam" | "displayname" | "personname" | "cardholder" | "cardholdername" | "wholename"
        | "vornamenachname" | "nachnamevorname" | "namevorname" | "vornamename" | "firstlast"
        | "firstlastname" | "firstnamelastname" | "firstandlastname" | "clientname" | "membername"
        | "patientname" | "inhaber" => FullName,
        "dob" | "birthdate" | "birthday" | "dateofbirth" | "birthdt" | "bday" | "birth" | "born"
        | "birthyear" | "yearofbirth" | "yob" | "geburtsdatum" | "geburtstag" | "gebdatum" | "gebdat"
        | "geburtsdat" | "geburtsjahr" | "gebjahr" | "geb" | "geboren" | "geboortedatum" | "geboortejaar"
        | "gebdt" | "naissance" | "datenaissance" | "datedenaissance" | "anneenaissance"
        | "anneedenaissance" | "nele" | "fechanacimiento" | "fechadenacimiento" | "fnacimiento"
        | "anonacimiento" | "nacimiento" | "datanascita" | "datadinascita" | "annonascita"
        | "annodinascita" | "nascita" | "birthdatum" => BirthDate,
        "gender" | "sex" | "geschlecht" | "sexe" | "sexo" | "sesso" | "genere" | "genero" | "geslacht"
        | "salutation" | "anrede" | "civilite" | "aanhef" | "tratamiento" | "gendercode" | "sexcode" => {
            Gender
        }
        "email"
        | "emails"
        | "mail"
        | "emailaddress"
        | "mailaddress"
        | "emailadresse"
        | "mailadresse"
        | "courriel"
        | "adressemail"
        | "adresseemail"
        | "adresseelectronique"
        | "correo"
        | "correoelectronico"
        | "emailadres"
        | "mailadres"
        | "postaelettronica"
        | "indirizzoemail"
        | "emailaddr"
        | "emailid"
        | "emailadr" => Email,
        "phone" | "phonenumber" | "phoneno" | "phonenr" | "phonenum" | "telephone" | "telephonenumber"
        | "tel" | "telno" | "telnr" | "telefon" | "telefonnummer" | "telefonnr" | "rufnummer"
        | "telefono" | "telefoon" | "telefoonnummer" | "mobile" | "mobil" | "mobilenumber" | "mobileno"
        | "mobilephone" | "mobilnummer" | "mobiltelefon" | "handy" | "handynummer" | "handynr" | "cell"
        | "cellphone" | "cellular" | "landline" | "festnetz" | "gsm" | "portable" | "movil"
        | "telefonomovil" | "cellulare" | "mobiel" | "msisdn" | "whatsapp" | "fijo" | "fax" | "homephone"
        | "workphone" | "numerotelephone" | "numerodetelephone" | "telephoneportable" | "telmobile"
        | "contactnumber" | "daytimephone" => Phone,
        "housenumber" | "houseno" | "housenr" | "housenum" | "hausnummer" | "hausnr" | "hnr"
        | "streetnumber" | "streetno" | "streetnr" | "streetnum" | "strassennummer" | "civico"
        | "numerocivico" | "huisnummer" | "huisnr" | "buildingnumber" | "numerorue" | "numerovoie"
        | "numerodevoie" | "numvoie" | "numeroderue" | "addressnumber" | "housenumbername"
        | "numerocalle" | "stno" | "stnumber" => HouseNumber,
        "unit"
        | "flat"
        | "apt"
        | "apartment"
        | "aptno"
        | "suite"
        | "unitnumber"
        | "flatnumber"
        | "adresszusatz"
        | "adressezusatz"
        | "zusatz"
        | "hausnummerzusatz"
        | "complement"
        | "complementadresse"
        | "complementdadresse"
        | "toevoeging"
        | "huisnummertoevoeging"
        | "wohnung"
        | "wohnungsnummer"
        | "floor"
        | "stiege"
        | "addressextra"
        | "interno"
        | "piso"
        | "appartement"
        | "apartmentnumber" => Unit,
        "street"
        | "streetname"
        | "streetaddress"
        | "address"
        | "addr"
        | "adr"
        | "addressline"
        | "addrline"
        | "addressstreet"
        | "postaladdress"
        | "strasse"
        | "str"
        | "strassenname"
        | "strassehausnummer"
        | "strasseundhausnummer"
        | "strassehausnr"
        | "strassenr"
        | "anschrift"
        | "adresse"
        | "adressepostale"
        | "rue"
        | "voie"
        | "libellevoie"
        | "straat"
        | "straatnaam"
        | "calle"
        | "direccion"
        | "domicilio"
        | "via"
        | "indirizzo"
        | "adres"
        | "road"
        | "roadname"
        | "residentialaddress"
        | "homeaddress"
        | "mailingaddress"
        | "wohnadresse"
        | "streetline" => Street,
        "postcode"
        | "postalcode"
        | "zip"
        | "zipcode"
        | "zipcd"
        | "plz"
        | "postleitzahl"
        | "codepostal"
        | "cp"
        | "cap"
        | "codigopostal"
        | "codpostal"
        | "pcode"
        | "postal"
        | "postnr"
        | "postnummer"
        | "eircode"
        | "codicepostale"
        | "codicediavviamentopostale"
        | "pincode"
        | "zippostal"
        | "zippostalcode" => Postcode,
        "city" | "cityname" | "town" | "ort" | "wohnort" | "ortsname" | "stadt" | "ville" | "commune"
        | "localite" | "ciudad" | "localidad" | "poblacion" | "municipio" | "citta" | "comune"
        | "localita" | "stad" | "plaats" | "woonplaats" | "plaatsnaam" | "suburb" | "locality"
        | "municipality" | "village" | "gemeinde" | "place" | "posttown" | "towncity" | "citytown" => City,
        "state" | "statecode" | "statecd" | "region" | "province" | "county" | "bundesland" | "kanton"
        | "canton" | "departement" | "provincia" | "regione" | "estado" | "comunidadautonoma"
        | "provincie" | "prov" | "stateprovince" | "provincestate" | "stateprov" => Region,
        "country" | "countrycode" | "countryname" | "countryiso" | "countrycd" | "land" | "laendercode"
        | "landcode" | "staat" | "pays" | "codepays" | "pais" | "paese" | "nation" | "nazione" | "lkz"
        | "laenderkennzeichen" => Country,
        "ssn"
        | "socsec"
        | "socsecid"
        | "socsecno"
        | "socialsecurity"
        | "socialsecuritynumber"
        | "nationalid"
        | "nationalidentifier"
        | "taxid"
        | "taxnumber"
        | "passport"
        | "passportno"
        | "passportnumber"
        | "iban"
        | "loyaltycard"
        | "loyaltyid"
        | "loyaltyno"
        | "loyalty"
        | "loyaltynumber"
        | "card"
        | "cardno"
        | "cardnr"
        | "cardid"
        | "cardnumber"
        | "kundenkarte"
        | "kartennummer"
        | "accountno"
        | "accountnumber"
        | "accountid"
        | "account"
        | "acctno"
        | "kontonummer"
        | "kontonr"
        | "kundennummer"
        | "kundennr"
        | "kundenid"
        | "customerno"
        | "customernumber"
        | "customernr"
        | "customerid"
        | "custid"
        | "custno"
        | "clientid"
        | "clientno"
        | "numeroclient"
        | "klantnummer"
        | "klantid"
        | "numerocliente"
        | "codicecliente"
        | "codigocliente"
        | "memberid"
        | "memberno"
        | "membernumber"
        | "membershipnumber"
        | "membershipno"
        | "mitgliedsnummer"
        | "userid"
        | "deviceid"
        | "cookieid"
        | "licenceplate"
        | "licenseplate"
        | "vin"
        | "policyno"
        | "policynumber"
        | "nhs"
        | "nhsnumber"
        | "nino"
        | "bsn"
        | "dni"
        | "nie"
        | "nif"
        | "codicefiscale"
        | "ahv"
        | "ahvnummer"
        | "steuernummer"
        | "steuerid"
        | "svnr"
        | "sozialversicherungsnummer"
        | "personalausweis"
        | "ausweisnummer"
        | "crmid"
        | "idnumber"
        | "idcard"
        | "idno"
        | "carteidentite"
        | "numerosecuritesociale"
        | "nir"
        | "driverslicense"
        | "driverlicense"
        | "drivinglicence"
        | "burgerservicenummer"
        | "medicare"
        | "insurancenumber"
        | "versichertennummer"
        | "vertragsnummer"
        | "contractnumber"
        | "membercard"
        | "clubcard"
        | "cartefidelite"
        | "tarjeta"
        | "tessera" => Identifier,
        _ => return None,
    };
    Some(Verdict::Kind(kind))
}

/// What is grown together with other words.
const CONTAINED: &[(&str, FieldKind)] = &[
    ("vorname", FieldKind::Forename),
    ("firstname", FieldKind::Forename),
    ("forename", FieldKind::Forename),
    ("givenname", FieldKind::Forename),
    ("nachname", FieldKind::Surname),
    ("lastname", FieldKind::Surname),
    ("surname", FieldKind::Surname),
    ("geburtsdat", FieldKind::BirthDate),
    ("birthdate", FieldKind::BirthDate),
    ("dateofbirth", FieldKind::BirthDate),
    ("email", FieldKind::Email),
    ("telefon", FieldKind::Phone),
    ("phone", FieldKind::Phone),
    ("mobilnr", FieldKind::Phone),
    ("hausnummer", FieldKind::HouseNumber),
    ("postleitzahl", FieldKind::Postcode),
    ("zipcode", FieldKind::Postcode),
    ("postcode", FieldKind::Postcode),
    ("strasse", FieldKind::Street),
];
