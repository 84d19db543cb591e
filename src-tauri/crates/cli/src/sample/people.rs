//! Who lives in the sample world. All names are made up; domains end in `.example` (RFC 2606).

/// The owners' company.
pub const HOUSE: &str = "Harbor Lane Trading";
/// Its domain.
pub const DOMAIN: &str = "harborlane.example";

/// The owners: name, address, title.
pub const OWNERS: [(&str, &str, &str); 3] = [
    (
        "Dana Whitfield",
        "dana.whitfield@harborlane.example",
        "Sales Director",
    ),
    (
        "Jonas Lindqvist",
        "jonas.lindqvist@harborlane.example",
        "Head of Key Accounts",
    ),
    (
        "Amara Okafor",
        "amara.okafor@harborlane.example",
        "VP Partnerships",
    ),
];

/// The delegates.
pub const DELEGATES: [(&str, &str, &str); 2] = [
    (
        "Kim Ferreira",
        "kim.ferreira@harborlane.example",
        "Executive Assistant",
    ),
    (
        "Lee Tanaka",
        "lee.tanaka@harborlane.example",
        "Executive Assistant",
    ),
];

/// Others in the house.
pub const COLLEAGUES: [(&str, &str, &str); 5] = [
    (
        "Priya Raman",
        "priya.raman@harborlane.example",
        "Logistics Manager",
    ),
    (
        "Tomasz Zieliński",
        "tomasz.zielinski@harborlane.example",
        "Contracts Counsel",
    ),
    (
        "Grace Mbeki",
        "grace.mbeki@harborlane.example",
        "Finance Controller",
    ),
    (
        "Élise Fournier",
        "elise.fournier@harborlane.example",
        "Service Lead",
    ),
    ("Sam O'Dell", "sam.odell@harborlane.example", "Product Manager"),
];

/// Companies: name, domain, city, country prefix of the telephone.
pub const COMPANIES: [(&str, &str, &str, &str); 40] = [
    (
        "Alpine Ski House",
        "alpineskihouse.example",
        "Innsbruck",
        "+43 512",
    ),
    ("Müller & Söhne", "mueller-soehne.example", "Stuttgart", "+49 711"),
    ("Birchwood Lodges", "birchwoodlodges.example", "Aspen", "+1 970"),
    ("Café Aurore", "cafe-aurore.example", "Lyon", "+33 4"),
    (
        "Copper Kettle Kitchens",
        "copperkettle.example",
        "Leeds",
        "+44 113",
    ),
    (
        "Fjordline Ferries",
        "fjordline-ferries.example",
        "Bergen",
        "+47 55",
    ),
    ("Granite Peak Resorts", "granitepeak.example", "Banff", "+1 403"),
    ("Hotel Zur Linde", "zurlinde.example", "Regensburg", "+49 941"),
    ("Ibérica Vinos", "iberica-vinos.example", "Logroño", "+34 941"),
    ("Juniper & Rye", "juniperrye.example", "Edinburgh", "+44 131"),
    (
        "Kestrel Aviation Services",
        "kestrelaviation.example",
        "Toulouse",
        "+33 5",
    ),
    (
        "Lakeside Regatta Club",
        "lakesideregatta.example",
        "Zürich",
        "+41 44",
    ),
    ("Maple Street Grocers", "maplestreet.example", "Toronto", "+1 416"),
    ("Nakamura Tea", "nakamura-tea.example", "Kyoto", "+81 75"),
    ("Oak & Anchor Hotels", "oakanchor.example", "Bristol", "+44 117"),
    ("Palisade Insurance", "palisade.example", "Hartford", "+1 860"),
    ("Quarry Hill School", "quarryhill.example", "Sheffield", "+44 114"),
    ("Riviera Charter", "rivieracharter.example", "Nice", "+33 4"),
    ("Silberhorn Sport", "silberhorn.example", "Interlaken", "+41 33"),
    ("Tatra Outdoor", "tatra-outdoor.example", "Kraków", "+48 12"),
    ("Umbra Lighting", "umbralighting.example", "Milano", "+39 02"),
    ("Valley Forge Dairy", "valleyforge.example", "Madison", "+1 608"),
    ("Westwind Sailing", "westwindsailing.example", "Kiel", "+49 431"),
    ("Xenia Guesthouses", "xenia.example", "Θεσσαλονίκη", "+30 231"),
    ("Yarrow Wellness", "yarrowwellness.example", "Malmö", "+46 40"),
    ("Zephyr Cycling", "zephyrcycling.example", "Utrecht", "+31 30"),
    ("Ardent Fire Safety", "ardentfire.example", "Dublin", "+353 1"),
    ("Bluebell Nurseries", "bluebell.example", "Norwich", "+44 1603"),
    ("Cascade Rafting", "cascaderafting.example", "Bend", "+1 541"),
    ("Dune Desert Camps", "dunecamps.example", "Marrakesh", "+212 524"),
    ("Ember Saunas", "embersaunas.example", "Tampere", "+358 3"),
    ("Foxglove Catering", "foxglove.example", "Bath", "+44 1225"),
    (
        "Gotthard Bahn Gastro",
        "gotthard-gastro.example",
        "Luzern",
        "+41 41",
    ),
    ("Hearth & Hollow", "hearthhollow.example", "Portland", "+1 503"),
    ("Isola Ceramics", "isolaceramics.example", "Napoli", "+39 081"),
    (
        "Jasmine Court Residences",
        "jasminecourt.example",
        "Singapore",
        "+65",
    ),
    ("Kingfisher Boats", "kingfisherboats.example", "Gdańsk", "+48 58"),
    ("Larkspur Events", "larkspur.example", "Gent", "+32 9"),
    ("Meadow & Mill", "meadowmill.example", "Odense", "+45 66"),
    (
        "Northgate Museum",
        "northgatemuseum.example",
        "Liverpool",
        "+44 151",
    ),
];

/// First and last names, as they are written.
pub const FIRST: [&str; 44] = [
    "Anna",
    "Matteo",
    "Sofia",
    "Liam",
    "Ingrid",
    "Yusuf",
    "Chloé",
    "Pavel",
    "Nora",
    "Diego",
    "Freya",
    "Hiroshi",
    "Zofia",
    "Oliver",
    "Leïla",
    "Markus",
    "Eleni",
    "Ruben",
    "Mia",
    "Björn",
    "Clara",
    "Tariq",
    "Hannah",
    "Luca",
    "Agnieszka",
    "Peter",
    "Jürgen",
    "Marta",
    "Ewan",
    "Noor",
    "Stella",
    "Viktor",
    "Rosa",
    "Henrik",
    "Irene",
    "Felix",
    "Julia",
    "Antonio",
    "Maeve",
    "Karim",
    "Thea",
    "Daniel",
    "Wei",
    "Siobhán",
];
/// Last names.
pub const LAST: [&str; 44] = [
    "Berger", "Rossi", "García", "Murphy", "Hansen", "Demir", "Laurent", "Novák", "Larsen", "Ortega",
    "Nilsson", "Sato", "Kowalska", "Bennett", "Benali", "Müller", "Papadaki", "de Vries", "Keller",
    "Sjöberg", "Schmid", "Haddad", "Weiss", "Conti", "Wójcik", "Hughes", "Brandt", "Silva", "McKay",
    "Rahman", "Romano", "Petrov", "Castillo", "Dahl", "Marino", "Hofer", "Steiner", "Moreau", "Kelly",
    "Nasser", "Lund", "Fischer", "Chen", "Byrne",
];
/// What people do.
pub const TITLES: [&str; 14] = [
    "Purchasing Manager",
    "Managing Director",
    "Head of Operations",
    "Facility Manager",
    "Chief Financial Officer",
    "Event Manager",
    "Hotel Manager",
    "Procurement Lead",
    "Marketing Director",
    "Assistant to the Director",
    "Head of Food & Beverage",
    "Project Lead",
    "Owner",
    "Technical Director",
];

/// What Harbor Lane sells: article, unit price in euro.
pub const GOODS: [(&str, u32); 16] = [
    ("terrace furniture", 18_400),
    ("heated ski lockers", 62_000),
    ("lounge seating", 27_500),
    ("stackable chairs", 9_800),
    ("LED deck lighting", 14_200),
    ("sauna benches", 11_900),
    ("boat-house racking", 21_300),
    ("banquet tables", 16_750),
    ("outdoor umbrellas", 7_600),
    ("reception counters", 33_000),
    ("drying cabinets", 24_800),
    ("signage sets", 5_400),
    ("bar stools", 8_900),
    ("bike stands", 6_300),
    ("acoustic panels", 19_700),
    ("planter walls", 12_100),
];

/// An address's part before the @: plain ASCII, first and last name.
pub fn local_part(first: &str, last: &str) -> String {
    let plain = |name: &str| -> String {
        name.to_lowercase()
            .chars()
            .filter_map(|c| match c {
                'a'..='z' => Some(c.to_string()),
                'ä' => Some("ae".into()),
                'ö' | 'ø' => Some("oe".into()),
                'ü' => Some("ue".into()),
                'á' | 'à' | 'å' => Some("a".into()),
                'é' | 'è' | 'ë' => Some("e".into()),
                'í' | 'ï' => Some("i".into()),
                'ó' => Some("o".into()),
                'ń' => Some("n".into()),
                _ => None,
            })
            .collect()
    };
    format!("{}.{}", plain(first), plain(last))
}
