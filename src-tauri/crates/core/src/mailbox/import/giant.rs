//! A message that is too large to hold.

use std::io;

use crate::{Error, Result, store::PackWriter};

/// Of something that is no usable mail, this much is kept.
const KEEP_REJECTED: u64 = 1 << 30;

/// A message too large to hold, on its way into the pack.
#[derive(Default)]
pub(super) struct Giant {
    pub(super) offset: Option<u64>,
    pub(super) size: u64,
    error: Option<Error>,
}

impl Giant {
    pub(super) fn push(&mut self, pack: &mut PackWriter, piece: &[u8]) -> io::Result<()> {
        let room = KEEP_REJECTED.saturating_sub(self.size).min(piece.len() as u64) as usize;
        match pack.push(&piece[..room]) {
            Ok(offset) => {
                self.offset.get_or_insert(offset);
                self.size += room as u64;
                Ok(())
            }
            Err(e) => {
                self.error = Some(e);
                Err(io::Error::other("the pack"))
            }
        }
    }

    /// The pack's own error, if that is what went wrong.
    pub(super) fn failed(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }
}
