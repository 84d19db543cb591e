//! Promotion and the timeline.

use std::collections::BTreeMap;

use serde::Serialize;

/// An activity: Dataverse column name -> value, and its parties.
#[derive(Debug, Clone, Serialize)]
pub struct Activity {
    /// The columns.
    #[serde(flatten)]
    pub columns: BTreeMap<String, serde_json::Value>,
}
