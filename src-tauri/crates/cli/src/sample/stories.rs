//! What people write to each other: short business stories, told in one to five mails.
//!
//! Placeholders: `{co}` company, `{goods}` article, `{n}` a quantity, `{sum}` an amount, `{day}` a weekday,
//! `{week}` a calendar week, `{ref}` a reference number, `{city}` a city, `{them}` and `{us}` first names,
//! `{mate}` a colleague's first name, `{other}` another company.

/// Who writes a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// The customer.
    Them,
    /// The owner.
    Us,
    /// A colleague of the owner.
    Mate,
}

use Voice::{Mate, Them, Us};

/// One mail of a story.
pub struct Step {
    /// Who writes it.
    pub voice: Voice,
    /// Its paragraphs.
    pub text: &'static [&'static str],
    /// A file that comes with it.
    pub file: &'static str,
}

/// A story: the subject and its mails.
pub struct Story {
    /// The subject.
    pub subject: &'static str,
    /// The mails in order.
    pub steps: &'static [Step],
}

const fn step(voice: Voice, text: &'static [&'static str]) -> Step {
    Step {
        voice,
        text,
        file: "",
    }
}

const fn with(voice: Voice, file: &'static str, text: &'static [&'static str]) -> Step {
    Step { voice, text, file }
}

/// The stories.
pub const STORIES: &[Story] = &[
    Story {
        subject: "Quote for {goods}, {co}",
        steps: &[
            step(
                Them,
                &[
                    "We are refitting two areas in {city} before the season starts and need {n} sets of {goods}.",
                    "Could you send us a quote with delivery in week {week}? Our board meets on {day}, so a figure by then would help a lot.",
                ],
            ),
            with(
                Us,
                "Quote-{ref}.pdf",
                &[
                    "Thank you for thinking of us again. The quote is attached: {n} sets of {goods}, {sum} in total, delivery to {city} in week {week}.",
                    "The price holds for 30 days. If you decide before the end of the month I can include assembly.",
                ],
            ),
            step(
                Them,
                &[
                    "Thanks, that is close to what we planned. Two questions from our side: is the ten-year warranty included, and can you split the delivery over two weeks?",
                ],
            ),
            step(
                Us,
                &[
                    "Yes to both. The warranty is included, and {mate} in logistics has reserved two slots in weeks {week} and the one after.",
                    "Shall I prepare the order confirmation?",
                ],
            ),
            step(
                Them,
                &[
                    "Please do. The board agreed this morning. Send the confirmation to me and our accounts office.",
                ],
            ),
        ],
    },
    Story {
        subject: "Delivery {ref} delayed",
        steps: &[
            step(
                Mate,
                &[
                    "The truck with order {ref} for {co} is stuck at the border; the papers for the {goods} are incomplete.",
                    "Realistic arrival in {city} is {day}. Do you want to call {them} yourself, or shall I?",
                ],
            ),
            step(
                Us,
                &[
                    "I will call. Please send me the new time window and the name of the driver.",
                    "{them} has guests arriving at the weekend, so it must not slip again.",
                ],
            ),
            step(
                Mate,
                &[
                    "Papers are cleared, the truck is moving. Window is {day}, 7 to 10 in the morning. Driver's number is on the sheet.",
                ],
            ),
        ],
    },
    Story {
        subject: "Frame agreement {co}: renewal",
        steps: &[
            with(
                Us,
                "Frame-agreement-{ref}.pdf",
                &[
                    "Our frame agreement ends at the close of the quarter. I attach the draft for another two years; the changes are marked.",
                    "The main point is the volume discount: from {sum} a year it rises to 9 percent.",
                ],
            ),
            step(
                Them,
                &[
                    "Thank you. Our lawyers have two remarks: clause 7 (liability) and the notice period, which they would like to see at three months.",
                    "Otherwise we are happy to go on together.",
                ],
            ),
            step(
                Us,
                &[
                    "{mate} has looked at both. Three months is fine. On clause 7 we suggest the wording we agreed with {other} last year; it is in the margin.",
                    "Could we close this on {day}?",
                ],
            ),
            step(
                Them,
                &["Agreed. I will bring the signed copies to our meeting on {day}."],
            ),
        ],
    },
    Story {
        subject: "Invoice {ref}: question",
        steps: &[
            step(
                Them,
                &[
                    "Invoice {ref} lists {n} {goods}, but we received two fewer. Could you check and send a corrected invoice?",
                    "We will pay the rest as soon as it is here.",
                ],
            ),
            step(
                Us,
                &[
                    "You are right, two pieces came back to our warehouse by mistake. {mate} sends the corrected invoice today.",
                    "Do you still need the two pieces, or shall we leave it at that?",
                ],
            ),
            step(
                Them,
                &["We still need them, but there is no hurry. With the next delivery is fine."],
            ),
        ],
    },
    Story {
        subject: "Complaint: {goods} in {city}",
        steps: &[
            with(
                Them,
                "Photos.zip",
                &[
                    "Unfortunately the {goods} you delivered in spring show cracks along the joints, on {n} pieces so far. Photos are attached.",
                    "Our guests notice. We expect a replacement before the holidays.",
                ],
            ),
            step(
                Us,
                &[
                    "I am sorry about this. I have opened case {ref}; {mate} from our service will call you today to arrange a visit on {day}.",
                    "If it is the joint we suspect, we replace the whole batch at our cost.",
                ],
            ),
            step(
                Mate,
                &[
                    "Visited {co} this morning. It is the batch from March, same fault as at {other}. I recommend replacing all {n} pieces.",
                    "{them} was fair about it but wants a date in writing.",
                ],
            ),
            step(
                Us,
                &[
                    "Here is the date in writing: the replacement arrives in week {week}, and the old pieces go back with the same truck.",
                    "Thank you for your patience, {them}.",
                ],
            ),
            step(Them, &["That works for us. Thank you for the quick answer."]),
        ],
    },
    Story {
        subject: "Visit to {city} on {day}",
        steps: &[
            step(
                Us,
                &[
                    "I will be in {city} on {day} and would like to see how the new {goods} work out for you. Would 10:30 suit you?",
                ],
            ),
            step(
                Them,
                &[
                    "10:30 is good. Please ask for me at the front desk. If you have time, stay for lunch: our director would like to meet you.",
                ],
            ),
            step(Us, &["With pleasure. I bring the samples you asked about."]),
        ],
    },
    Story {
        subject: "Samples for {co}",
        steps: &[
            step(
                Them,
                &[
                    "Before we decide on the {goods} we would like to try two samples, one in oak and one in graphite.",
                    "Could they be here by {day}? We can return them after two weeks.",
                ],
            ),
            step(
                Us,
                &[
                    "Both samples leave our warehouse tomorrow. No need to hurry with the return.",
                    "Sam from product management has added a third finish that is new this year. Tell me what you think.",
                ],
            ),
            step(
                Them,
                &[
                    "The samples arrived. Everybody here prefers the new finish! What would {n} sets cost in that version?",
                ],
            ),
        ],
    },
    Story {
        subject: "Introduction: {co} and {other}",
        steps: &[
            step(
                Them,
                &[
                    "When we met you mentioned that {other} solved the same problem with their {goods}.",
                    "Would they talk to us? A short call would be enough.",
                ],
            ),
            step(
                Us,
                &[
                    "I asked, and they are glad to. I copy nobody yet: please send me two times that suit you and I arrange the call.",
                ],
            ),
            step(
                Them,
                &["{day} at 9 or at 4 would be perfect. Thank you for doing this."],
            ),
        ],
    },
    Story {
        subject: "Briefing for {co}",
        steps: &[
            with(
                Mate,
                "Briefing.docx",
                &[
                    "Here is the briefing for your meeting with {them} at {co}. In short: open order {ref} over {sum}, one open case, and the renewal is due in week {week}.",
                    "They compare us with a cheaper supplier for the {goods}. Our strong point is service.",
                ],
            ),
            step(
                Us,
                &["Very helpful. Please add last year's figures and what we agreed on assembly."],
            ),
            with(
                Mate,
                "Briefing-2.docx",
                &[
                    "Added. Last year they bought for {sum}, most of it {goods}. Assembly was free above 20 sets.",
                ],
            ),
        ],
    },
    Story {
        subject: "Trade fair: stand next to {co}?",
        steps: &[
            step(
                Them,
                &[
                    "We have booked our stand in hall 4 and there is one place left beside us. It would be good for both of us to be neighbours, what do you think?",
                    "The organisers need an answer by {day}.",
                ],
            ),
            step(
                Us,
                &[
                    "Good idea. I have asked {mate} to reserve it in our name. We could show the {goods} on both stands.",
                ],
            ),
        ],
    },
    Story {
        subject: "Payment reminder {ref}",
        steps: &[
            step(
                Mate,
                &[
                    "{co} is 20 days late with invoice {ref}, {sum}. Before finance sends the second reminder: is there a reason we should know?",
                ],
            ),
            step(
                Us,
                &[
                    "Their accounts office moved to a new system. I will mention it to {them} on {day}; please wait until then.",
                ],
            ),
            step(Mate, &["The payment came in this morning. I close the reminder."]),
        ],
    },
    Story {
        subject: "Order {ref} confirmed",
        steps: &[
            with(
                Us,
                "Order-{ref}.pdf",
                &[
                    "Thank you for your order. I attach the confirmation: {n} {goods}, {sum}, delivery in week {week} to {city}.",
                    "{mate} takes care of the details and will call you the day before.",
                ],
            ),
            step(
                Them,
                &[
                    "Confirmation received, everything is correct. Please use the side entrance, the front is closed for building work.",
                ],
            ),
        ],
    },
    Story {
        subject: "Opening party at {co}",
        steps: &[
            step(
                Them,
                &[
                    "The new terrace is ready, and your {goods} look wonderful. We celebrate on {day} from 5 in the afternoon and would love to have you there.",
                    "Bring a colleague if you like.",
                ],
            ),
            step(
                Us,
                &["Congratulations, {them}! I would not miss it. {mate} comes along."],
            ),
        ],
    },
    Story {
        subject: "Change to order {ref}",
        steps: &[
            step(
                Them,
                &[
                    "Could we still change order {ref}? Instead of {n} sets we need six more, and the colour should be graphite.",
                    "The architect changed his mind again.",
                ],
            ),
            step(
                Us,
                &[
                    "No problem, production starts only on {day}. The new total is {sum}. I send the new confirmation this afternoon.",
                ],
            ),
            step(Them, &["You saved our week. Thank you!"]),
        ],
    },
];

/// Mails in other scripts and languages: subject, sender's name, domain, text.
pub const WORLD: &[(&str, &str, &str, &str)] = &[
    (
        "Angebot für die neue Skihütte",
        "Jürgen Müller",
        "mueller-soehne.example",
        "Guten Tag,\n\nwir möchten die Hütte am Hang bis zum Saisonbeginn neu einrichten und bräuchten ein Angebot für 24 beheizte Skischränke.\n\nKönnten Sie uns bis Freitag etwas schicken? Größe und Farbe wie beim letzten Mal.\n\nMit freundlichen Grüßen\nJürgen Müller",
    ),
    (
        "Devis pour la terrasse",
        "Chloé Laurent",
        "cafe-aurore.example",
        "Bonjour,\n\nnous refaisons la terrasse au printemps et il nous faudrait un devis pour vingt tables et leurs parasols.\n\nMerci d'avance, et à très bientôt à Lyon.\n\nChloé Laurent",
    ),
    (
        "お見積りのお願い",
        "Hiroshi Sato",
        "nakamura-tea.example",
        "お世話になっております。中村茶舗の佐藤です。\n\n京都の新店舗で使う椅子三十脚のお見積りをお願いいたします。納期は来月末を希望しております。\n\nどうぞよろしくお願いいたします。\n佐藤",
    ),
    (
        "Προσφορά για τον ξενώνα",
        "Eleni Papadaki",
        "xenia.example",
        "Καλημέρα σας,\n\nθα θέλαμε μια προσφορά για τα έπιπλα της αυλής, δώδεκα τραπέζια και σαράντα καρέκλες.\n\nΜε εκτίμηση,\nΕλένη Παπαδάκη",
    ),
    (
        "Zapytanie o stojaki na łodzie",
        "Zofia Kowalska",
        "kingfisherboats.example",
        "Dzień dobry,\n\nprosimy o ofertę na stojaki do naszej przystani w Gdańsku. Chodzi o dwadzieścia łodzi, dostawa w maju.\n\nPozdrawiam serdecznie\nZofia Kowalska",
    ),
    (
        "Fornitura per Napoli",
        "Luca Romano",
        "isolaceramics.example",
        "Buongiorno,\n\nle lampade sono arrivate in perfette condizioni. Per la seconda sala ne servirebbero altre quindici: è possibile averle entro giugno?\n\nCordiali saluti\nLuca Romano",
    ),
];

/// Newsletters: sender, address, subject, headline, text.
pub const NEWS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "Hospitality Weekly",
        "news@hospitalityweekly.example",
        "Hotels plan more outdoor space",
        "Outdoor space pays",
        "Three out of five hotels in the Alps want to enlarge their terraces this year. We asked what they buy, and from whom.",
    ),
    (
        "Trade Fair Office",
        "info@fairoffice.example",
        "Your exhibitor pass is ready",
        "See you in hall 4",
        "Download your pass, order electricity for your stand and book the evening reception before the end of the month.",
    ),
    (
        "Freight Notes",
        "editor@freightnotes.example",
        "Road closures and customs news",
        "Border waits are down",
        "New customs software has cut waiting times by a third. Two Alpine tunnels close at night for repairs.",
    ),
    (
        "Harbor Lane Intranet",
        "intranet@harborlane.example",
        "This week in the house",
        "Welcome to our new colleagues",
        "Two people join logistics, the canteen has a new menu, and the summer party has a date.",
    ),
];
