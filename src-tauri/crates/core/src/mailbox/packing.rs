//! Compressed files, and how much may come out of them.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
    rc::Rc,
};

use crate::store::named;

/// What the xz decoder may use, in bytes: a preset of 9 needs 65 MiB.
const XZ_MEMORY: u64 = 100 << 20;

/// A compressed file may unpack to this many times its size, and to this many bytes anyway. Archives of mailing lists are
/// about 10 times as large.
const RATIO: u64 = 200;
const FREE: u64 = 64 << 20;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    Plain,
    Gzip,
    Xz,
}

impl Packing {
    /// How a file is compressed that begins like this.
    pub fn of(magic: &[u8]) -> Self {
        if magic.starts_with(&[0x1f, 0x8b]) {
            Self::Gzip
        } else if magic.starts_with(b"\xfd7zXZ\0") {
            Self::Xz
        } else {
            Self::Plain
        }
    }
}

/// Opens a file for reading from `offset` of its decompressed content.
pub fn open(path: &Path, packing: Packing, offset: u64) -> io::Result<Box<dyn Read>> {
    let mut file = named::open_one(path)?;
    if packing == Packing::Plain {
        file.seek(SeekFrom::Start(offset))?;
        return Ok(Box::new(file));
    }
    let mut reader = unpack(file, packing)?;
    if offset > 0 {
        io::copy(&mut (&mut reader).take(offset), &mut io::sink())?;
    }
    Ok(reader)
}

/// Unpacks a file from its start.
pub(super) fn unpack(file: File, packing: Packing) -> io::Result<Box<dyn Read>> {
    if packing == Packing::Plain {
        return Ok(Box::new(file));
    }
    let packed = Rc::new(Cell::new(0));
    let file = Counted {
        file,
        read: Rc::clone(&packed),
    };
    let unpacked: Box<dyn Read> = match packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(
            1 << 16,
            file,
        ))),
        Packing::Xz => {
            let stream =
                liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, liblzma::stream::CONCATENATED)
                    .map_err(io::Error::other)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(
                BufReader::with_capacity(1 << 16, file),
                stream,
            ))
        }
    };
    Ok(Box::new(Unpacked {
        inner: unpacked,
        packed,
        unpacked: 0,
    }))
}

/// A file that knows how much was read of it.
struct Counted {
    file: File,
    read: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.read.set(self.read.get() + n as u64);
        Ok(n)
    }
}

/// What comes out of a compressed file, until it is far more than mail can be: a few kilobytes can hold a full disk.
struct Unpacked<R> {
    inner: R,
    packed: Rc<Cell<u64>>,
    unpacked: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.unpacked += n as u64;
        if self.unpacked > FREE && self.unpacked / RATIO > self.packed.get() {
            return Err(io::Error::other(format!(
                "it unpacks to more than {RATIO} times its size"
            )));
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_unpacks_without_end_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.mbox.gz");
        let piece = vec![b' '; 1 << 20];
        let mut packer =
            flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::best());
        for _ in 0..2 * (FREE >> 20) {
            packer.write_all(&piece).unwrap();
        }
        packer.finish().unwrap();
        let mut reader = open(&path, Packing::Gzip, 0).unwrap();
        let error = io::copy(&mut reader, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("200 times"), "{error}");
        let mut reader = open(&path, Packing::Gzip, 1 << 20).unwrap();
        let mut some = vec![0; 1 << 20];
        reader.read_exact(&mut some).unwrap();
    }
}
