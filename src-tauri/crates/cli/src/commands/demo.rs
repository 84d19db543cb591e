//! The sample world on disk (L-06).

use std::path::Path;

use behalf_core::{Error, Result};

use crate::print::Reply;

pub fn demo(path: &Path) -> Result<Reply> {
    Err(Error::bad_input(format!("not yet: {}", path.display()), ""))
}
