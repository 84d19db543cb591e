//! What a folder is for, told by its name (I-04).

use crate::model::{CALENDAR, CONTACTS, FolderRole};

/// Names in the languages mail programs use; compared in lower case.
const INBOX: &[&str] = &[
    "inbox",
    "posteingang",
    "boîte de réception",
    "bandeja de entrada",
    "posta in arrivo",
    "caixa de entrada",
    "postvak in",
    "indbakke",
    "inkorgen",
    "innboks",
    "saapuneet",
    "odebrane",
    "skrzynka odbiorcza",
    "входящие",
    "doručená pošta",
    "beérkezett üzenetek",
    "gelen kutusu",
    "受信トレイ",
    "收件箱",
    "받은 편지함",
    "recibidos",
    "recebidas",
    "inkorg",
    "beérkező levelek",
    "mesaje primite",
    "prijaté",
    "входящи",
    "вхідні",
    "εισερχόμενα",
    "דואר נכנס",
    "البريد الوارد",
    "收件匣",
    "받은편지함",
    "इनबॉक्स",
    "กล่องจดหมาย",
    "hộp thư đến",
    "kotak masuk",
    "pristigla pošta",
    "prejeto",
    "примљене",
    "gautieji",
    "iesūtne",
    "postkast",
    "safata d'entrada",
];
const SENT: &[&str] = &[
    "sent",
    "sent items",
    "sent mail",
    "sent messages",
    "gesendet",
    "gesendete elemente",
    "gesendete objekte",
    "éléments envoyés",
    "messages envoyés",
    "envoyés",
    "enviados",
    "elementos enviados",
    "itens enviados",
    "posta inviata",
    "inviata",
    "verzonden",
    "verzonden items",
    "sendt post",
    "sendte elementer",
    "skickat",
    "lähetetyt",
    "wysłane",
    "elementy wysłane",
    "отправленные",
    "odeslaná pošta",
    "elküldött elemek",
    "gönderilmiş öğeler",
    "送信済みアイテム",
    "已发送邮件",
    "보낸 편지함",
    "sent-mail",
    "sent_mail",
    "inviati",
    "e-mails enviados",
    "correio enviado",
    "enviadas",
    "correo enviado",
    "mensajes enviados",
    "courrier envoyé",
    "skickade",
    "skickade objekt",
    "sendt",
    "sendte",
    "odesláno",
    "odeslané",
    "odoslané",
    "odoslaná pošta",
    "elküldött",
    "elküldött levelek",
    "trimise",
    "mesaje trimise",
    "elemente trimise",
    "изпратени",
    "надіслані",
    "gönderilenler",
    "gönderilmiş postalar",
    "gönderilmiş",
    "απεσταλμένα",
    "σταλμένα",
    "נשלח",
    "נשלחו",
    "פריטים שנשלחו",
    "דואר שנשלח",
    "المرسلة",
    "البريد المرسل",
    "الرسائل المرسلة",
    "العناصر المرسلة",
    "送信済み",
    "送信済みメール",
    "已发送",
    "已发邮件",
    "已傳送",
    "寄件備份",
    "寄件備份匣",
    "보낸편지함",
    "भेजे गए",
    "भेजा गया",
    "ส่งแล้ว",
    "จดหมายที่ส่งแล้ว",
    "thư đã gửi",
    "đã gửi",
    "terkirim",
    "poslano",
    "poslane poruke",
    "послато",
    "išsiųsta",
    "išsiųsti",
    "nosūtītās",
    "saadetud",
    "enviats",
];
const DRAFTS: &[&str] = &[
    "drafts",
    "draft",
    "entwürfe",
    "brouillons",
    "borradores",
    "bozze",
    "rascunhos",
    "concepten",
    "kladder",
    "utkast",
    "luonnokset",
    "wersje robocze",
    "черновики",
    "koncepty",
    "piszkozatok",
    "taslaklar",
    "下書き",
    "草稿",
    "임시 보관함",
    "entwurf",
    "brouillon",
    "borrador",
    "bozza",
    "rascunho",
    "kladde",
    "luonnos",
    "wersja robocza",
    "rozepsané",
    "piszkozat",
    "mesaje nefinalizate",
    "schițe",
    "чернови",
    "чернова",
    "черновик",
    "чернетки",
    "чернетка",
    "taslak",
    "πρόχειρα",
    "πρόχειρο",
    "טיוטות",
    "טיוטה",
    "المسودات",
    "مسودة",
    "下書きメール",
    "임시보관함",
    "ड्राफ़्ट",
    "จดหมายร่าง",
    "ร่างจดหมาย",
    "thư nháp",
    "draf",
    "nacrti",
    "skice",
    "osnutki",
    "juodraščiai",
    "melnraksti",
    "mustandid",
    "esborranys",
];

/// The role of a folder, by the last part of its name.
pub fn role_of(name: &str) -> FolderRole {
    let last = name.rsplit('/').next().unwrap_or(name).trim().to_lowercase();
    let is = |names: &[&str]| names.contains(&last.as_str());
    if is(SENT) {
        FolderRole::Sent
    } else if is(DRAFTS) {
        FolderRole::Drafts
    } else if is(INBOX) && !name.contains('/') {
        FolderRole::Inbox
    } else {
        FolderRole::Other
    }
}

/// A folder name as it is kept: one line, no empty parts, never that of the calendar or the contacts.
pub fn tidy(name: &str) -> String {
    let parts: Vec<String> = name
        .split('/')
        .map(|part| super::one_line(part, 100))
        .filter(|part| !part.is_empty())
        .collect();
    let tidy = parts.join("/");
    if tidy.is_empty() || tidy.eq_ignore_ascii_case("inbox") {
        "Inbox".into()
    } else if tidy.eq_ignore_ascii_case(CALENDAR) {
        format!("{CALENDAR} mail")
    } else if tidy.eq_ignore_ascii_case(CONTACTS) {
        format!("{CONTACTS} mail")
    } else {
        tidy
    }
}

/// A Maildir++ sub-folder's name: `.Sent Items` or `.Clients.Alpine` with modified UTF-7 (RFC 3501 §5.1.3).
pub fn from_maildir(name: &str) -> String {
    let name = name.trim_start_matches('.');
    let name = name.strip_prefix("INBOX.").unwrap_or(name).replace('.', "/");
    tidy(&utf7(&name))
}

fn utf7(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let Some((encoded, tail)) = after.split_once('-') else {
            text.push('&');
            rest = after;
            continue;
        };
        match encoded {
            "" => text.push('&'),
            _ => match decode(encoded) {
                Some(decoded) => text.push_str(&decoded),
                // Not encoded after all: Maildirs also hold plain UTF-8 names with an ampersand.
                None => {
                    text.push('&');
                    text.push_str(encoded);
                    text.push('-');
                }
            },
        }
        rest = tail;
    }
    text.push_str(rest);
    text
}

fn decode(encoded: &str) -> Option<String> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(encoded.replace(',', "/"))
        .ok()?;
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<String, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_by_name() {
        assert_eq!(role_of("Inbox"), FolderRole::Inbox);
        assert_eq!(role_of("Gesendete Elemente"), FolderRole::Sent);
        assert_eq!(role_of("[Gmail]/Sent Mail"), FolderRole::Sent);
        assert_eq!(role_of("Brouillons"), FolderRole::Drafts);
        assert_eq!(role_of("Clients"), FolderRole::Other);
        assert_eq!(role_of("Archive/Inbox"), FolderRole::Other);
    }

    #[test]
    fn maildir_names() {
        assert_eq!(from_maildir(".Sent Items"), "Sent Items");
        assert_eq!(from_maildir(".INBOX.Clients.Alpine"), "Clients/Alpine");
        assert_eq!(from_maildir(".Entw&APw-rfe"), "Entwürfe");
        assert_eq!(from_maildir(".R&-D"), "R&D");
        assert_eq!(from_maildir(".Calendar"), "Calendar mail");
        assert_eq!(from_maildir(".contacts"), "Contacts mail");
        assert_eq!(from_maildir(".&bad"), "&bad");
    }
}
