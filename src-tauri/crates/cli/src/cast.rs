//! Who plays in the sample world: the one place that knows what `sample` writes.

use std::path::Path;

use behalf_core::{Error, Result};

use crate::commands::demo::Cast;

/// Writes the sample files into `folder`.
pub fn write(folder: &Path) -> Result<Cast> {
    Err(Error::unavailable(
        format!("There is no sample world for {} yet.", folder.display()),
        "",
    ))
}
