//! The columns of a row as they lie in the database, read without a copy: a search looks at ten rows a keystroke.

use crate::model::label;
use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

/// A row's columns with a value, by name.
#[derive(Debug, Default)]
pub(crate) struct Columns<'a>(Vec<(Text<'a>, Text<'a>)>);

/// JSON text, borrowed where nothing in it is escaped.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Columns<'_> {
    /// As [`super::Row::value`].
    pub(crate) fn value(&self, column: &str) -> Option<&str> {
        let all = || self.0.iter().map(|(name, value)| (&*name.0, &*value.0));
        let named = all().find(|(name, _)| *name == column);
        named.or_else(|| alike(column, all())).map(|(_, value)| value)
    }
}

/// The column that people read by the same label.
pub(super) fn alike<'a>(
    column: &str,
    mut columns: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<(&'a str, &'a str)> {
    let wanted = label::shown(column);
    columns.find(|(name, _)| label::shown(name) == wanted)
}

impl<'de: 'a, 'a> Deserialize<'de> for Columns<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Columns<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut columns = Vec::with_capacity(12);
                while let Some(column) = map.next_entry()? {
                    columns.push(column);
                }
                Ok(Columns(columns))
            }
        }
        from.deserialize_map(Reads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_name_or_else_by_its_label() {
        let borrowed: Text<'_> = serde_json::from_str(r#""plain""#).unwrap();
        assert!(matches!(borrowed.0, Cow::Borrowed("plain")), "not copied");
        let columns: Columns<'_> =
            serde_json::from_str(r#"{"city":"Z\u00fcrich","telephone1":"12","phone":"\"34\""}"#).unwrap();
        assert_eq!(columns.value("address1_city"), Some("Zürich"));
        assert_eq!(columns.value("telephone1"), Some("12"));
        assert_eq!(columns.value("phone"), Some("\"34\""));
        assert_eq!(columns.value("telephone"), Some("12"), "the first of that label");
        assert_eq!(columns.value("name"), None);
        assert!(serde_json::from_str::<Columns<'_>>(r#"{"a":1}"#).is_err());
    }
}
