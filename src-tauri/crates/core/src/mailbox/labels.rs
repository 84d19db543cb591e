//! What Gmail's `X-Gmail-Labels` say of a mail in a Takeout: in which folder it is, and whether it was read.
//!
//! The labels are in the language of its user, separated by commas, quoted where they hold one, and encoded (RFC 2047)
//! where they are not ASCII. Gmail has labels where we have folders: the one that decides is taken.

use mail_parser::MessageParser;

use super::folders::{role_of, tidy};
use crate::model::FolderRole;

/// What Gmail itself calls a mail, in lower case, in the languages it writes.
const UNREAD: &[&str] = &[
    "unread",
    "ungelesen",
    "non lu",
    "non lus",
    "no leído",
    "no leídos",
    "não lida",
    "não lidas",
    "não lido",
    "da leggere",
    "non letto",
    "non letti",
    "non letta",
    "ongelezen",
    "oläst",
    "olästa",
    "ulæst",
    "ulæste",
    "ulest",
    "uleste",
    "lukematon",
    "lukemattomat",
    "nieprzeczytane",
    "nepřečtené",
    "nepřečteno",
    "neprečítané",
    "olvasatlan",
    "necitite",
    "necitit",
    "непрочитани",
    "непрочетени",
    "непрочитанные",
    "непрочитано",
    "непрочитані",
    "okunmamış",
    "okunmadı",
    "μη αναγνωσμένα",
    "לא נקראו",
    "לא נקרא",
    "غير مقروءة",
    "غير مقروء",
    "未読",
    "未读",
    "未讀",
    "읽지않음",
    "읽지 않음",
    "अपठित",
    "ยังไม่ได้อ่าน",
    "chưa đọc",
    "belum dibaca",
    "nepročitano",
    "neprebrano",
    "neskaityti",
    "nelasītās",
    "lugemata",
    "no llegits",
];
/// They say nothing of where it is.
const NO_FOLDER: &[&str] = &[
    // Read.
    "opened",
    "read",
    "geöffnet",
    "gelesen",
    "ouvert",
    "lu",
    "lus",
    "abierto",
    "leído",
    "leídos",
    "aberto",
    "aberta",
    "lida",
    "lido",
    "aperto",
    "aperti",
    "letto",
    "letti",
    "geopend",
    "gelezen",
    "öppnat",
    "öppnad",
    "läst",
    "åbnet",
    "læst",
    "åpnet",
    "lest",
    "avattu",
    "luettu",
    "otwarte",
    "przeczytane",
    "otevřené",
    "otevřeno",
    "otvorené",
    "megnyitva",
    "megnyitott",
    "deschis",
    "deschise",
    "отворени",
    "открытые",
    "прочитанные",
    "відкриті",
    "açıldı",
    "açılmış",
    "ανοιγμένα",
    "נפתח",
    "נפתחו",
    "مفتوحة",
    "تم فتحها",
    "開封済み",
    "既読",
    "已打开",
    "已打開",
    "已读",
    "已讀",
    "열림",
    "열어본 메일",
    "खोला गया",
    "เปิดแล้ว",
    "đã mở",
    "dibuka",
    // Starred.
    "starred",
    "markiert",
    "suivi",
    "suivis",
    "messages suivis",
    "destacado",
    "destacados",
    "com estrela",
    "speciali",
    "speciale",
    "met ster",
    "stjärnmärkt",
    "stjärnmärkta",
    "stjernemarkeret",
    "stjernemerket",
    "tähdellä merkitty",
    "tähdelliset",
    "oznaczone gwiazdką",
    "s hvězdičkou",
    "s hviezdičkou",
    "csillagozott",
    "cu stea",
    "със звезда",
    "помеченные",
    "із зірочкою",
    "yıldızlı",
    "με αστέρι",
    "מסומן בכוכב",
    "مميزة بنجمة",
    "スター付き",
    "已加星标",
    "已加星號",
    "별표편지함",
    "별표",
    "तारांकित",
    "ติดดาว",
    "gắn dấu sao",
    "có gắn dấu sao",
    "berbintang",
    // Important.
    "important",
    "wichtig",
    "importants",
    "importante",
    "importantes",
    "importanti",
    "belangrijk",
    "viktigt",
    "viktig",
    "vigtigt",
    "vigtig",
    "tärkeä",
    "tärkeät",
    "ważne",
    "důležité",
    "dôležité",
    "fontos",
    "важни",
    "важно",
    "важное",
    "важливо",
    "önemli",
    "σημαντικά",
    "חשוב",
    "مهم",
    "重要",
    "重要邮件",
    "重要郵件",
    "중요",
    "중요편지함",
    "महत्वपूर्ण",
    "สำคัญ",
    "quan trọng",
    "penting",
    // In no folder.
    "archived",
    "archiviert",
    "archivé",
    "archivés",
    "archivado",
    "archivados",
    "arquivado",
    "arquivados",
    "archiviato",
    "archiviati",
    "gearchiveerd",
    "arkiverat",
    "arkiverade",
    "arkiveret",
    "arkivert",
    "arkistoitu",
    "arkistoidut",
    "zarchiwizowane",
    "archivováno",
    "archivované",
    "archiválva",
    "archivált",
    "arhivat",
    "arhivate",
    "архивирани",
    "архив",
    "архивированные",
    "архівовані",
    "arşivlendi",
    "arşivlenmiş",
    "αρχειοθετημένα",
    "הועבר לארכיון",
    "مؤرشفة",
    "アーカイブ済み",
    "アーカイブ",
    "已归档",
    "已封存",
    "보관됨",
    "보관처리됨",
    "संग्रहीत",
    "เก็บถาวรแล้ว",
    "đã lưu trữ",
    "diarsipkan",
    // Muted, snoozed, scheduled, chats.
    "muted",
    "ignoriert",
    "snoozed",
    "zurückgestellt",
    "scheduled",
    "geplant",
    "chat",
    "chats",
];
/// "Category Updates", "Kategorie Werbung": only with the name of one of Gmail's own.
const CATEGORY: &[&str] = &[
    "category",
    "kategorie",
    "catégorie",
    "categoría",
    "categoria",
    "categorie",
    "kategori",
    "kategoria",
    "kategória",
    "категория",
    "категорія",
    "カテゴリ",
    "类别",
    "類別",
    "카테고리",
];
const CATEGORIES: &[&str] = &[
    "personal",
    "social",
    "promotions",
    "updates",
    "forums",
    "purchases",
    "travel",
    "finance",
    "reservations",
    "persönlich",
    "privat",
    "allgemein",
    "soziale netzwerke",
    "soziales",
    "werbung",
    "benachrichtigungen",
    "foren",
    "käufe",
    "reisen",
    "personnel",
    "personnelle",
    "réseaux sociaux",
    "notifications",
    "achats",
    "personales",
    "principal",
    "promociones",
    "notificaciones",
    "foros",
    "compras",
    "pessoal",
    "promoções",
    "atualizações",
    "fóruns",
    "personale",
    "promozioni",
    "aggiornamenti",
    "forum",
    "acquisti",
    "persoonlijk",
    "sociaal",
    "reclame",
    "meldingen",
    "aankopen",
];
const SPAM: &[&str] = &[
    "spam",
    "junk",
    "pourriel",
    "correo no deseado",
    "skräppost",
    "roskaposti",
    "nevyžádaná pošta",
    "levélszemét",
    "спам",
    "ανεπιθύμητα",
    "ספאם",
    "البريد غير المرغوب فيه",
    "迷惑メール",
    "垃圾邮件",
    "垃圾郵件",
    "스팸함",
    "स्पैम",
    "จดหมายขยะ",
    "thư rác",
];
const TRASH: &[&str] = &[
    "trash",
    "bin",
    "papierkorb",
    "corbeille",
    "papelera",
    "lixeira",
    "lixo",
    "cestino",
    "prullenbak",
    "papperskorgen",
    "papirkurv",
    "papirkurven",
    "søppel",
    "roskakori",
    "kosz",
    "koš",
    "kôš",
    "kuka",
    "lomtár",
    "coș de gunoi",
    "кошче",
    "корзина",
    "кошик",
    "çöp kutusu",
    "κάδος απορριμμάτων",
    "אשפה",
    "المهملات",
    "ゴミ箱",
    "已删除邮件",
    "垃圾桶",
    "휴지통",
    "ट्रैश",
    "ถังขยะ",
    "thùng rác",
    "sampah",
];

/// What the labels of a mail say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Labels {
    /// Its folder: `Trash`, `Spam`, `Drafts`, `Sent` or `Inbox` where one of those is named in any language; else the
    /// first label its user has made, and `Archive` without one.
    pub folder: String,
    /// It has not been read.
    pub unread: bool,
}

impl Labels {
    /// Reads the value of the header, as it came; `None` when it names nothing.
    pub(super) fn read(value: &str) -> Option<Self> {
        let value = decoded(value);
        let (mut unread, mut best, mut own) = (false, None, None);
        let mut any = false;
        for label in split(&value) {
            any = true;
            let small = label.to_lowercase();
            let is = |names: &[&str]| names.contains(&small.as_str());
            let rank = match role_of(&label) {
                _ if is(TRASH) => (0, "Trash"),
                _ if is(SPAM) => (1, "Spam"),
                // A label of somebody's own may end in any word.
                _ if label.contains('/') => (9, ""),
                FolderRole::Drafts => (2, "Drafts"),
                FolderRole::Sent => (3, "Sent"),
                FolderRole::Inbox => (4, "Inbox"),
                FolderRole::Other => (9, ""),
            };
            if rank.0 < 9 {
                best = best.min(Some(rank)).or(Some(rank));
            } else if is(UNREAD) {
                unread = true;
            } else if !is(NO_FOLDER) && !is_category(&small) {
                own.get_or_insert(label);
            }
        }
        let folder = match (best, own) {
            (Some((_, name)), _) => name.to_owned(),
            (None, Some(own)) => tidy(&own),
            (None, None) => "Archive".to_owned(),
        };
        any.then_some(Self { folder, unread })
    }
}

fn is_category(label: &str) -> bool {
    label.split_once(' ').is_some_and(|(word, which)| {
        let which = which.trim_matches(|c: char| !c.is_alphanumeric());
        CATEGORY.contains(&word) && CATEGORIES.contains(&which)
    })
}

/// Without RFC 2047's encoding. Words of it may be folded anywhere.
fn decoded(value: &str) -> String {
    if !value.contains("=?") {
        return value.to_owned();
    }
    let raw = format!("Subject: {value}\r\n\r\n");
    let decoded = MessageParser::new()
        .parse(raw.as_bytes())
        .and_then(|mail| mail.subject().map(str::to_owned));
    decoded.unwrap_or_else(|| value.to_owned())
}

/// The labels, one by one: separated by commas, which stand in quotes where they belong to one.
fn split(value: &str) -> Vec<String> {
    let (mut all, mut one, mut quoted) = (Vec::new(), String::new(), false);
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut one)),
            c => one.push(c),
        }
    }
    all.push(one);
    let tidy = |label: String| super::one_line(&label, 200);
    all.into_iter()
        .map(tidy)
        .filter(|label| !label.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_in_any_language() {
        for (value, folder, unread) in [
            ("Inbox,Important,Unread", "Inbox", true),
            ("Sent,Opened", "Sent", false),
            ("=?UTF-8?Q?Gesendet,Ge=C3=B6ffnet?=", "Sent", false),
            ("=?UTF-8?Q?Entw=C3=BCrfe?=", "Drafts", false),
            ("=?UTF-8?B?Qm/DrnRlIGRlIHLDqWNlcHRpb24sTm9uIGx1?=", "Inbox", true),
            ("=?UTF-8?Q?Correo_enviado,Le=C3=ADdo?=", "Sent", false),
            (
                "\u{53d7}\u{4fe1}\u{30c8}\u{30ec}\u{30a4},\u{672a}\u{8aad}",
                "Inbox",
                true,
            ),
            ("Archived,Opened,Category Updates", "Archive", false),
            ("Archiviert,Kunden/Alfki,Kategorie Werbung", "Kunden/Alfki", false),
            ("Inbox,Clients", "Inbox", false),
            ("Inbox,Sent", "Sent", false),
            ("Trash,Inbox,Unread", "Trash", true),
            ("Archived,\"North, South\",Unread", "North, South", true),
            ("Clients/Sent", "Clients/Sent", false),
            ("Category A,Opened", "Category A", false),
        ] {
            let labels = Labels::read(value).unwrap();
            assert_eq!(
                (labels.folder.as_str(), labels.unread),
                (folder, unread),
                "{value}"
            );
        }
        assert_eq!(Labels::read(" , "), None);
    }

    proptest! {
        #[test]
        fn any_value_does(value in "([a-zA-Z,\"/ ]|=\\?utf-8\\?[qQbB]\\?|\\?=|\\PC){0,80}") {
            if let Some(labels) = Labels::read(&value) {
                prop_assert!(!labels.folder.is_empty());
            }
        }
    }
}
