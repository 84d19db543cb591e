//! What Dynamics calls its columns in its own exports (English, German, French), and what their values say. Pure.

use super::super::contact;

/// A column's logical name, and what people read instead.
type Names = &'static [(&'static str, &'static [&'static str])];

/// Of every table.
const COMMON: Names = &[
    (
        "createdon",
        &["created on", "erstellt am", "créé le", "date de création"],
    ),
    (
        "modifiedon",
        &["modified on", "geändert am", "modifié le", "date de modification"],
    ),
    ("createdby", &["created by", "erstellt von", "créé par"]),
    ("modifiedby", &["modified by", "geändert von", "modifié par"]),
    ("ownerid", &["owner", "besitzer", "besitzer/-in", "propriétaire"]),
    ("statecode", &["status", "statut", "état"]),
    (
        "statuscode",
        &[
            "status reason",
            "statusgrund",
            "raison du statut",
            "motif du statut",
        ],
    ),
    (
        "emailaddress1",
        &[
            "email",
            "e-mail",
            "email address",
            "e-mail-adresse",
            "adresse e-mail",
            "courrier électronique",
            "adresse de messagerie",
        ],
    ),
    (
        "telephone1",
        &[
            "main phone",
            "business phone",
            "haupttelefon",
            "telefon (geschäftlich)",
            "telefon geschäftlich",
            "geschäftstelefon",
            "téléphone principal",
            "téléphone (bureau)",
            "téléphone professionnel",
        ],
    ),
    (
        "mobilephone",
        &["mobile phone", "mobiltelefon", "téléphone mobile"],
    ),
    ("websiteurl", &["website", "site web", "webseite"]),
    ("firstname", &["first name", "vorname", "prénom"]),
    ("lastname", &["last name", "nachname", "nom de famille"]),
    ("fullname", &["full name", "vollständiger name", "nom complet"]),
    (
        "jobtitle",
        &["job title", "position", "fonction", "titre du poste"],
    ),
    ("description", &["description", "beschreibung"]),
];

const ACCOUNT: Names = &[
    (
        "name",
        &[
            "account name",
            "firmenname",
            "kontoname",
            "firma",
            "nom du compte",
            "raison sociale",
        ],
    ),
    (
        "accountnumber",
        &[
            "account number",
            "firmennummer",
            "kontonummer",
            "kundennummer",
            "numéro de compte",
        ],
    ),
    (
        "primarycontactid",
        &[
            "primary contact",
            "primärer kontakt",
            "hauptkontakt",
            "contact principal",
        ],
    ),
    (
        "parentaccountid",
        &[
            "parent account",
            "übergeordnete firma",
            "übergeordnetes konto",
            "compte parent",
        ],
    ),
    ("industrycode", &["industry", "branche", "secteur d'activité"]),
    (
        "numberofemployees",
        &[
            "number of employees",
            "anzahl der mitarbeiter",
            "nombre d'employés",
        ],
    ),
];

const CONTACT: Names = &[
    ("lastname", &["nom"]),
    (
        "parentcustomerid",
        &[
            "company name",
            "firmenname",
            "firma",
            "nom de la société",
            "nom de l'entreprise",
        ],
    ),
];

const LEAD: Names = &[
    ("fullname", &["name", "nom"]),
    ("subject", &["topic", "thema", "rubrique", "sujet"]),
    (
        "companyname",
        &[
            "company name",
            "firmenname",
            "firma",
            "nom de la société",
            "nom de l'entreprise",
        ],
    ),
];

const OPPORTUNITY: Names = &[
    ("name", &["topic", "thema", "rubrique", "sujet"]),
    (
        "customerid",
        &["potential customer", "potenzieller kunde", "client potentiel"],
    ),
    ("parentaccountid", &["account", "firma", "konto", "compte"]),
    ("parentcontactid", &["contact", "kontakt"]),
    (
        "estimatedclosedate",
        &[
            "est. close date",
            "gesch. abschlussdatum",
            "geschätztes abschlussdatum",
            "date de clôture est.",
            "date de clôture estimée",
        ],
    ),
    (
        "estimatedvalue",
        &[
            "est. revenue",
            "gesch. umsatz",
            "geschätzter umsatz",
            "revenu est.",
            "chiffre d'affaires estimé",
        ],
    ),
    (
        "emailaddress",
        &[
            "email",
            "e-mail",
            "email address",
            "e-mail-adresse",
            "adresse e-mail",
        ],
    ),
];

const INCIDENT: Names = &[
    (
        "title",
        &[
            "case title",
            "anfragetitel",
            "titel der anfrage",
            "titre de l'incident",
            "titre de la demande",
        ],
    ),
    (
        "ticketnumber",
        &[
            "case number",
            "anfragenummer",
            "numéro de l'incident",
            "numéro d'incident",
            "numéro de la demande",
        ],
    ),
    ("customerid", &["customer", "kunde", "client"]),
    ("prioritycode", &["priority", "priorität", "priorité"]),
    (
        "emailaddress",
        &[
            "email",
            "e-mail",
            "email address",
            "e-mail-adresse",
            "adresse e-mail",
        ],
    ),
];

const USER: Names = &[
    (
        "internalemailaddress",
        &[
            "primary email",
            "primäre e-mail-adresse",
            "primäre e-mail",
            "adresse e-mail principale",
            "e-mail principal",
            "email",
            "e-mail",
        ],
    ),
    ("isdisabled", &["status", "statut", "état"]),
    ("title", &["title", "titel", "titre"]),
    (
        "businessunitid",
        &["business unit", "unternehmenseinheit", "division"],
    ),
];

/// The parts of `Address 1: City`.
const ADDRESS: Names = &[
    ("city", &["city", "ort", "stadt", "ville"]),
    ("line1", &["street 1", "straße 1", "strasse 1", "rue 1"]),
    ("line2", &["street 2", "straße 2", "strasse 2", "rue 2"]),
    ("line3", &["street 3", "straße 3", "strasse 3", "rue 3"]),
    (
        "postalcode",
        &["zip/postal code", "plz", "postleitzahl", "code postal"],
    ),
    (
        "stateorprovince",
        &[
            "state/province",
            "bundesland",
            "bundesland/kanton",
            "département/région",
            "état/province",
        ],
    ),
    (
        "country",
        &["country/region", "land/region", "pays/région", "pays"],
    ),
    ("telephone1", &["phone", "telefon", "téléphone"]),
];

/// The column a header of this table means; `None` when Dynamics calls none so. A header that might be a logical name is
/// no such name: `status` is its own column. In a table of one's own, only an `export` of Dynamics is known to mean it.
pub(super) fn column(table: &str, header: &str, export: bool) -> Option<String> {
    let header = header.trim();
    if header
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    {
        return None;
    }
    let header = folded(header);
    let own: Names = match table {
        "account" => ACCOUNT,
        contact::TABLE => CONTACT,
        "lead" => LEAD,
        "opportunity" => OPPORTUNITY,
        "incident" => INCIDENT,
        "systemuser" => USER,
        _ if export => &[],
        _ => return None,
    };
    if let Some(column) = address(&header) {
        return Some(column);
    }
    among(own, &header)
        .or_else(|| among(COMMON, &header))
        .map(str::to_owned)
}

/// `Address 1: City` and its translations.
fn address(header: &str) -> Option<String> {
    let rest = header
        .strip_prefix("address ")
        .or_else(|| header.strip_prefix("adresse "))?;
    let (number, part) = rest.split_once(':')?;
    let number = number.trim();
    let part = among(ADDRESS, part.trim())?;
    matches!(number, "1" | "2" | "3").then(|| format!("address{number}_{part}"))
}

fn among(names: Names, header: &str) -> Option<&'static str> {
    names
        .iter()
        .find(|(_, names)| names.contains(&header))
        .map(|(column, _)| *column)
}

/// Small letters, one space, straight apostrophes: French writes a space that does not break before a colon.
fn folded(header: &str) -> String {
    let words: Vec<_> = header.split_whitespace().collect();
    words.join(" ").to_lowercase().replace(['’', '`'], "'")
}

/// What Dynamics calls its tables in its exports: English, German, French.
const TABLES: [(&str, &[&str]); 6] = [
    ("account", &["account", "firma", "compte"]),
    ("contact", &["contact", "kontakt"]),
    ("lead", &["lead", "prospect"]),
    (
        "opportunity",
        &["opportunity", "verkaufschance", "opportunité", "opportunite"],
    ),
    ("incident", &["case", "anfrage", "incident"]),
    ("systemuser", &["user", "benutzer", "utilisateur"]),
];

/// The columns that Dynamics puts before those of the view, so that the file can be imported again: the key, a checksum,
/// and when the row was last changed. They are called `(Do Not Modify) Account` and so on; whatever the language, all
/// three begin with the same words in brackets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) key: usize,
    pub(super) checksum: usize,
    pub(super) modified: usize,
}

impl Marked {
    /// Finds them; `None` when the file is no such export.
    pub(super) fn among(headers: &[String]) -> Option<Self> {
        let warning = |at: usize| {
            let header = headers.get(at)?.trim();
            Some(folded(header.strip_prefix('(')?.split_once(')')?.0))
        };
        let key = (0..headers.len()).find(|&at| warning(at).is_some())?;
        let first = warning(key);
        let same = warning(key + 1) == first && warning(key + 2) == first;
        same.then_some(Self {
            key,
            checksum: key + 1,
            modified: key + 2,
        })
    }

    /// The table whose rows they are, where its name is known: it stands behind the warning.
    pub(super) fn table(&self, headers: &[String]) -> Option<&'static str> {
        let name = folded(headers.get(self.key)?.split_once(')')?.1);
        let mut tables = TABLES.iter();
        let found = tables.find(|(_, names)| names.contains(&name.as_str()));
        found.map(|(table, _)| *table)
    }

    /// Is the header at this place one of them?
    pub(super) fn holds(&self, place: usize) -> bool {
        [self.key, self.checksum, self.modified].contains(&place)
    }
}

/// What a state in words or numbers says: `statecode` 0 is open; any other state of a row is closed.
pub(super) fn is_open(state: &str) -> Option<bool> {
    Some(match state.trim().to_lowercase().as_str() {
        "0" | "active" | "open" | "enabled" | "in progress" => true,
        "aktiv" | "offen" | "aktiviert" => true,
        "actif" | "ouvert" | "ouverte" | "activé" | "activée" => true,
        "1" | "2" => false,
        _ => return is_closed(state).then_some(false),
    })
}

/// Does a state or a status reason say in words that the row is closed?
pub(super) fn is_closed(words: &str) -> bool {
    matches!(
        words.trim().to_lowercase().as_str(),
        "inactive"
            | "disabled"
            | "deactivated"
            | "closed"
            | "won"
            | "lost"
            | "resolved"
            | "cancelled"
            | "canceled"
            | "qualified"
            | "disqualified"
            | "problem solved"
            | "merged"
            | "inaktiv"
            | "deaktiviert"
            | "geschlossen"
            | "gewonnen"
            | "verloren"
            | "gelöst"
            | "abgebrochen"
            | "storniert"
            | "qualifiziert"
            | "disqualifiziert"
            | "nicht qualifiziert"
            | "zusammengeführt"
            | "inactif"
            | "inactivé"
            | "désactivé"
            | "désactivée"
            | "fermé"
            | "fermée"
            | "gagné"
            | "gagnée"
            | "conclue"
            | "perdu"
            | "perdue"
            | "résolu"
            | "résolue"
            | "annulé"
            | "annulée"
            | "qualifié"
            | "disqualifié"
            | "fusionné"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_three_languages_are_one_column() {
        for (table, header, expected) in [
            ("account", "Account Name", Some("name")),
            ("account", "Firmenname", Some("name")),
            ("account", "Nom du compte", Some("name")),
            ("contact", "Firmenname", Some("parentcustomerid")),
            ("account", "Address 1: City", Some("address1_city")),
            ("account", "Adresse 1: Ort", Some("address1_city")),
            ("account", "Adresse\u{a0}2\u{a0}: ville", Some("address2_city")),
            ("account", "Secteur d’activité", Some("industrycode")),
            ("contact", "Vollständiger Name", Some("fullname")),
            ("lead", "Name", Some("fullname")),
            ("account", "Name", None),
            ("incident", "Titre de l'incident", Some("title")),
            ("opportunity", "Thema", Some("name")),
            ("systemuser", "Status", Some("isdisabled")),
            ("contact", "Status", Some("statecode")),
            ("contact", "status", None),
            ("new_project", "Propriétaire", Some("ownerid")),
            ("account", "Address 9: City", None),
            ("account", "Favourite colour", None),
        ] {
            assert_eq!(
                column(table, header, true).as_deref(),
                expected,
                "{table}: {header}"
            );
        }
        assert_eq!(column("new_project", "Propriétaire", false), None);
    }

    #[test]
    fn an_export_is_known_by_its_three_columns_in_any_language() {
        let marked = |headers: &[&str]| {
            let headers: Vec<_> = headers.iter().map(|&h| h.to_owned()).collect();
            Marked::among(&headers).map(|marked| marked.key)
        };
        let english = [
            "(Do Not Modify) Account",
            "(Do Not Modify) Row Checksum",
            "(Do Not Modify) Modified On",
            "Account Name",
        ];
        assert_eq!(marked(&english), Some(0));
        assert_eq!(
            marked(&[
                "Nr",
                "(No modificar) Cuenta",
                "(No modificar) Suma",
                "(No modificar) Fecha"
            ]),
            Some(1)
        );
        assert_eq!(marked(&["(a) x", "(b) y", "(c) z"]), None);
        let headers = english.map(|header| header.replace("Account", "Verkaufschance"));
        let found = Marked::among(&headers).unwrap();
        assert_eq!(found.table(&headers), Some("opportunity"));
        assert_eq!(marked(&["(a) x"]), None);
        assert_eq!(marked(&[]), None);
    }

    #[test]
    fn states_are_read() {
        for (state, open) in [
            ("0", Some(true)),
            ("Aktiv", Some(true)),
            ("Enabled", Some(true)),
            ("1", Some(false)),
            ("Inactive", Some(false)),
            ("Inaktiv", Some(false)),
            ("Inactif", Some(false)),
            ("Gagnée", Some(false)),
            ("", None),
            ("New", None),
        ] {
            assert_eq!(is_open(state), open, "{state}");
        }
    }
}
