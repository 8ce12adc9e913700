//! What lies at an address: which bodies, at which of their lines.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::body::Body;
use super::callees::Callee;
use super::request::StepInto;
use crate::address::Address;
use crate::program::{ImageId, Images};
use crate::symbols::{FunctionId, Object, SourceLocation, Type, TypeId, UserCrates};
use crate::value::Place;

/// Bodies by the function that each is; none for a function that is no body.
type Bodies = HashMap<(ImageId, FunctionId), Option<Rc<Body>>>;

/// The program's code, as far as it was looked at.
pub(super) struct Code {
    images: Images,
    /// Whose code is the user's.
    pub(super) users: UserCrates,
    into: StepInto,
    spots: RefCell<HashMap<Address, Rc<Spot>>>,
    bodies: RefCell<Bodies>,
    entries: RefCell<HashMap<(ImageId, TypeId), Option<Address>>>,
    pub(super) callees: RefCell<HashMap<Address, Rc<Callee>>>,
}

/// What lies at one address.
#[derive(Debug, Default)]
pub(super) struct Spot {
    /// The bodies that the instruction belongs to, the innermost inlined one first, each with the
    /// line in it.
    pub(super) bodies: Vec<(Rc<Body>, Option<SourceLocation>)>,
    /// Whether it is the first instruction of the outermost of them.
    pub(super) is_entry: bool,
}

impl Code {
    /// The code of these images.
    pub(super) fn new(images: Images, users: UserCrates, into: StepInto) -> Code {
        Code {
            images,
            users,
            into,
            spots: RefCell::default(),
            bodies: RefCell::default(),
            entries: RefCell::default(),
            callees: RefCell::default(),
        }
    }

    /// The object at `address`, and the address as its file counts it.
    pub(super) fn object_at(
        &self,
        address: Address,
    ) -> Option<(ImageId, &Object, crate::address::FileAddress)> {
        let (image, at) = self.images.at(address)?;
        Some((image, &self.images.get(image)?.object, at))
    }

    /// The object of an image.
    pub(super) fn object(&self, image: ImageId) -> Option<&Object> {
        self.images.get(image).map(|image| &*image.object)
    }

    /// What lies at `address`.
    pub(super) fn spot(&self, address: Address) -> Rc<Spot> {
        if let Some(spot) = self.spots.borrow().get(&address) {
            return Rc::clone(spot);
        }
        let spot = Rc::new(self.read_spot(address).unwrap_or_default());
        self.spots.borrow_mut().insert(address, Rc::clone(&spot));
        spot
    }

    /// Where the body of a future begins that is a coroutine and is told.
    pub(super) fn body_entry(&self, future: &Place<'_>) -> Option<Address> {
        self.entry_of(future.image, &future.type_)
    }

    /// Where the body of futures of this type begins, likewise.
    pub(super) fn entry_of(&self, image: ImageId, future: &Type) -> Option<Address> {
        let key = (image, future.id);
        if let Some(known) = self.entries.borrow().get(&key) {
            return *known;
        }
        let found = self.find_entry(image, future);
        self.entries.borrow_mut().insert(key, found);
        found
    }

    fn find_entry(&self, image: ImageId, future: &Type) -> Option<Address> {
        let image = self.images.get(image)?;
        let name = image.object.coroutine_source(future)?.symbol?;
        let symbols = image.object.symbols_named(|symbol| symbol == name);
        let entries = symbols.into_iter().map(|symbol| image.address(symbol.address));
        entries.into_iter().find(|entry| self.spot(*entry).is_entry)
    }

    fn read_spot(&self, address: Address) -> Option<Spot> {
        let (image, object, at) = self.object_at(address)?;
        let frames = object.functions_at(at);
        let is_wanted = |body: &Rc<Body>| body.is_user || self.into == StepInto::All;
        let bodies: Vec<_> = frames
            .into_iter()
            .filter_map(|frame| {
                let key = (image, frame.function?);
                let known = self.bodies.borrow().get(&key).cloned();
                let body = known.unwrap_or_else(|| {
                    let body = Body::read(image, object, &frame, &self.users).map(Rc::new);
                    self.bodies.borrow_mut().insert(key, body.clone());
                    body
                });
                Some((body.filter(is_wanted)?, frame))
            })
            .collect();
        let is_entry = bodies.last().is_some_and(|(_, frame)| {
            let concrete = frame.concrete.filter(|_| !frame.inlined);
            let ranges = concrete.map(|concrete| object.function_ranges(concrete));
            ranges.is_some_and(|ranges| ranges.first().is_some_and(|(begin, _)| *begin == at))
        });
        let bodies = bodies.into_iter().map(|(body, frame)| (body, frame.location)).collect();
        Some(Spot { bodies, is_entry })
    }
}
