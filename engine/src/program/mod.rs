//! One snapshot together with the debug info of the files it has mapped: addresses meet symbols
//! here and nowhere below.

mod image;

pub use image::{Image, ImageId};

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::address::{Address, FileAddress};
use crate::evidence::Gap;
use crate::snapshot::{Snapshot, Streams, Unreadable};
use crate::symbols::{Object, Objects};

/// A snapshot and its images.
pub struct Program<'snapshot> {
    /// The snapshot.
    pub snapshot: &'snapshot Snapshot,
    images: Images,
    streams: OnceCell<Streams>,
}

/// The images of a program, in order of address. They outlive the snapshot that they were found in:
/// the program stays where it was loaded.
#[derive(Clone)]
pub struct Images(Rc<[Image]>);

impl<'snapshot> Program<'snapshot> {
    /// Finds the files that `snapshot` has mapped and opens their symbols. `file_of` says where
    /// the file that was mapped as this path is to be read from. A file that cannot be read is a
    /// gap; the others are still there.
    pub fn new(
        snapshot: &'snapshot Snapshot,
        objects: &Objects,
        file_of: &dyn Fn(&Path) -> PathBuf,
    ) -> (Program<'snapshot>, Vec<Gap>) {
        let (images, gaps) = image::find(snapshot, objects, file_of);
        (Program::at(snapshot, Images(images.into())), gaps)
    }

    /// The program at another stop, with images that were found at an earlier one.
    pub fn at(snapshot: &'snapshot Snapshot, images: Images) -> Program<'snapshot> {
        Program { snapshot, images, streams: OnceCell::new() }
    }

    /// The images, to be kept.
    pub fn keep_images(&self) -> Images {
        self.images.clone()
    }

    /// The image that `address` lies in, and the address as its file counts it.
    pub fn image_at(&self, address: Address) -> Option<(ImageId, FileAddress)> {
        self.images.at(address)
    }

    /// The image with this id.
    pub fn image(&self, id: ImageId) -> Option<&Image> {
        self.images.get(id)
    }

    /// The symbols of the image with this id.
    pub fn object(&self, id: ImageId) -> Option<&Object> {
        self.images.get(id).map(|image| &*image.object)
    }

    /// The image of the program itself, as opposed to its shared libraries.
    pub fn executable(&self) -> Option<(ImageId, &Image)> {
        let path = &self.snapshot.facts.executable;
        self.images().find(|(_, image)| image.path == *path)
    }

    /// All images, in order of address.
    pub fn images(&self) -> impl Iterator<Item = (ImageId, &Image)> {
        self.images.0.iter().enumerate().map(|(index, image)| (ImageId(index), image))
    }

    /// The connections of which it has both ends.
    pub fn streams(&self) -> &Streams {
        self.streams.get_or_init(|| Streams::of(&self.snapshot.facts))
    }

    /// Fills `buffer` from `address` on.
    pub fn read(&self, address: Address, buffer: &mut [u8]) -> Result<(), Unreadable> {
        self.snapshot.read(address, buffer)
    }

    /// The little-endian number of `size` bytes (1 to 8) at `address`.
    pub fn read_unsigned(&self, address: Address, size: u64) -> Result<u64, Unreadable> {
        let mut bytes = [0; 8];
        let length = usize::try_from(size).unwrap_or(usize::MAX);
        let slice = bytes.get_mut(..length).ok_or(Unreadable { address, length })?;
        self.read(address, slice)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// The pointer at `address`.
    pub fn read_address(&self, address: Address) -> Result<Address, Unreadable> {
        self.read_unsigned(address, 8).map(Address)
    }
}

impl Images {
    /// The image that `address` lies in, and the address as its file counts it.
    pub fn at(&self, address: Address) -> Option<(ImageId, FileAddress)> {
        let index = self.0.partition_point(|image| image.start <= address).checked_sub(1)?;
        let image = self.0.get(index)?;
        (address < image.end).then(|| (ImageId(index), image.file_address(address)))
    }

    /// The image with this id.
    pub fn get(&self, id: ImageId) -> Option<&Image> {
        self.0.get(id.0)
    }
}
